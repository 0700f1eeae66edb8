package io.quartet.service;

import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.http.HttpServerOptions;
import jakarta.inject.Singleton;

/**
 * HTTP/1.1 where there is no TLS. Java's client and curl's {@code --http2} ask a plain connection
 * for an upgrade to HTTP/2, in which Vert.x mixes up the frames of a first response that is longer
 * than one frame, now and then. Asked in vain, they go on in HTTP/1.1.
 */
@Singleton
public class PlainHttp implements HttpServerOptionsCustomizer {
  @Override
  public void customizeHttpServer(HttpServerOptions options) {
    options.setHttp2ClearTextEnabled(false);
  }
}
