package io.quartet.gateway.access;

import static io.quartet.checkpoint.ErrorCode.UNAUTHENTICATED;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.quartet.checkpoint.QuartetException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * Lets nobody in without a key, and without a certificate where they are asked for; health alone is
 * everybody's, since a kubelet has neither.
 */
@Singleton
public class HttpAccess {
  private static final String HEALTH = "/q/health";
  private static final int BEFORE_ALL = 1000;

  private final KeyRing keys;
  private final GatewayTls tls;

  HttpAccess(KeyRing keys, GatewayTls tls) {
    this.keys = keys;
    this.tls = tls;
  }

  void register(@Observes Filters filters) {
    filters.register(this::check, BEFORE_ALL);
  }

  private void check(RoutingContext request) {
    String path = request.normalizedPath();
    if (path.equals(HEALTH) || path.startsWith(HEALTH + "/")) {
      request.next();
      return;
    }
    try {
      requireCertificate(request);
      keys.caller(request.request().getHeader(HttpHeaders.AUTHORIZATION)).put(request);
    } catch (QuartetException e) {
      refuse(request, e);
      return;
    }
    request.next();
  }

  private void requireCertificate(RoutingContext request) {
    if (!tls.asksClients()) {
      return;
    }
    try {
      // The handshake has checked whatever certificate came; here it only has to be there.
      request.request().connection().peerCertificates();
    } catch (SSLPeerUnverifiedException e) {
      throw new QuartetException(
          UNAUTHENTICATED, "client certificate: none, expected one that the gateway trusts", e);
    }
  }

  /** In the shape that OpenAI's clients know. */
  private static void refuse(RoutingContext request, QuartetException why) {
    var error =
        new JsonObject()
            .put("message", why.getMessage())
            .put("type", "invalid_request_error")
            .putNull("param")
            .put("code", "invalid_api_key");
    request
        .response()
        .setStatusCode(401)
        .putHeader("WWW-Authenticate", "Bearer")
        .putHeader("Content-Type", "application/json")
        .end(new JsonObject().put("error", error).encode());
  }
}
