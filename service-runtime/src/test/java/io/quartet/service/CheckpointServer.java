package io.quartet.service;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.v1.DownloadRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A real CheckpointService on a free port, whose line can be made to break. */
public final class CheckpointServer implements AutoCloseable {
  private final Server server;
  private final CopyOnWriteArrayList<Long> offsets = new CopyOnWriteArrayList<>();
  private final AtomicInteger cuts = new AtomicInteger();

  /** Serves a store. */
  public CheckpointServer(CheckpointStore store, Events events) throws IOException {
    var remote =
        new RemoteCheckpointStore(
            store, store.scratch(io.quartet.checkpoint.Stage.BASE, "incoming"));
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress("127.0.0.1", 0), InsecureServerCredentials.create())
            .addService(
                new CheckpointEndpoint(new CheckpointExchange(store, remote, events, "here:1")))
            .intercept(new Scissors())
            .intercept(new GrpcErrors())
            .build()
            .start();
  }

  /** host:port. */
  public String endpoint() {
    return "127.0.0.1:" + server.getPort();
  }

  /** Breaks each of the next calls after its first message. */
  public void cutNext(int calls) {
    cuts.set(calls);
  }

  /** The offsets that were asked for, in order. */
  public List<Long> offsets() {
    return offsets;
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private final class Scissors implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      boolean cut = cuts.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
      var watched =
          new SimpleForwardingServerCall<>(call) {
            private boolean sent;

            @Override
            public void sendMessage(R message) {
              if (cut && sent) {
                super.close(Status.UNAVAILABLE.withDescription("line cut"), new Metadata());
              } else if (!cut || !sent) {
                sent = true;
                super.sendMessage(message);
              }
            }
          };
      return new io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener<>(
          next.startCall(watched, headers)) {
        @Override
        public void onMessage(Q message) {
          if (message instanceof DownloadRequest request) {
            offsets.add(request.getOffset());
          }
          super.onMessage(message);
        }
      };
    }
  }
}
