package io.quartet.cli;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import java.net.InetSocketAddress;

/** HTTP/2 without gRPC, as at a service's HTTP port: nothing is found there. */
final class WebServer implements AutoCloseable {
  private final EventLoopGroup threads = new NioEventLoopGroup(1);
  private final Channel listening;

  WebServer() throws InterruptedException {
    listening =
        new ServerBootstrap()
            .group(threads)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(Http2FrameCodecBuilder.forServer().build(), new NotFound());
                  }
                })
            .bind("127.0.0.1", 0)
            .sync()
            .channel();
  }

  /** host:port. */
  String address() {
    return "127.0.0.1:" + ((InetSocketAddress) listening.localAddress()).getPort();
  }

  private static final class NotFound extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object frame) {
      if (frame instanceof Http2HeadersFrame request) {
        var headers = new DefaultHttp2Headers().status("404").add("content-type", "text/plain");
        context.writeAndFlush(new DefaultHttp2HeadersFrame(headers, true).stream(request.stream()));
      }
    }
  }

  @Override
  public void close() {
    listening.close();
    threads.shutdownGracefully();
  }
}
