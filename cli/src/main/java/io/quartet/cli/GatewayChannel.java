package io.quartet.cli;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.handler.ssl.SslContext;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/**
 * How a gateway is spoken to.
 *
 * @param tls empty for plain text
 * @param key an API key, if the gateway asks for one
 */
public record GatewayChannel(Optional<SslContext> tls, Optional<String> key) {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** Plain text without a key, as on loopback. */
  public static GatewayChannel plain() {
    return new GatewayChannel(Optional.empty(), Optional.empty());
  }

  /**
   * TLS.
   *
   * @param ca certificates to trust, PEM; those of the JDK if empty
   * @param certificate the client's own, PEM, with its {@code key}
   * @throws QuartetException INVALID_ARGUMENT for a file that is not there or no PEM
   */
  static GatewayChannel tls(Optional<Path> ca, Optional<Path> certificate, Optional<Path> key) {
    try {
      var builder = GrpcSslContexts.forClient();
      ca.ifPresent(file -> builder.trustManager(file.toFile()));
      certificate.ifPresent(file -> builder.keyManager(file.toFile(), key.orElseThrow().toFile()));
      return new GatewayChannel(Optional.of(builder.build()), Optional.empty());
    } catch (SSLException | IllegalArgumentException e) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "TLS with %s: %s, expected PEM files"
              .formatted(
                  Stream.of(ca, certificate, key).flatMap(Optional::stream).toList(),
                  e.getMessage()),
          e);
    }
  }

  /** The same with an API key, if there is one. */
  GatewayChannel withKey(Optional<String> apiKey) {
    return new GatewayChannel(tls, apiKey);
  }

  /**
   * Connects on the first call.
   *
   * @throws QuartetException INVALID_ARGUMENT if the address is none
   */
  ManagedChannel open(String address) {
    if (!namesHostAndPort(address)) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT, "--gateway: '%s', expected HOST:PORT".formatted(address));
    }
    var builder = NettyChannelBuilder.forTarget(address);
    tls.ifPresentOrElse(builder::sslContext, builder::usePlaintext);
    key.ifPresent(
        secret -> {
          var metadata = new Metadata();
          metadata.put(AUTHORIZATION, "Bearer " + secret);
          builder.intercept(MetadataUtils.newAttachHeadersInterceptor(metadata));
        });
    return builder.build();
  }

  /** gRPC itself takes a lone host for port 80, and finds a port out of range on the first call. */
  private static boolean namesHostAndPort(String address) {
    try {
      URI uri = new URI("//" + address);
      return uri.getHost() != null
          && uri.getPort() > 0
          && uri.getPort() < 1 << 16
          && uri.getRawAuthority().equals(address);
    } catch (URISyntaxException e) {
      return false;
    }
  }

  /** In words, without the key. */
  @Override
  public String toString() {
    return tls.isPresent() ? "over TLS" : "in plain text";
  }
}
