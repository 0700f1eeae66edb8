package io.quartet.gateway.access;

import io.quarkus.grpc.api.ServerBuilderCustomizer;
import io.quarkus.grpc.runtime.config.GrpcServerConfiguration;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.grpc.VertxServerBuilder;
import jakarta.inject.Singleton;
import java.util.Optional;

/**
 * One certificate, {@code quarkus.tls}, for gRPC and HTTP: Quarkus' gRPC server of its own port
 * does not read the TLS registry. And client certificates over HTTP, which {@code
 * quarkus.http.ssl.client-auth} fixes when the gateway is built.
 */
@Singleton
public class GatewayTls
    implements ServerBuilderCustomizer<VertxServerBuilder>, HttpServerOptionsCustomizer {
  private final Optional<TlsConfiguration> tls;

  GatewayTls(TlsConfigurationRegistry registry) {
    tls = registry.getDefault().filter(found -> found.getKeyStoreOptions() != null);
  }

  /** Whether clients need a certificate. */
  boolean asksClients() {
    return tls.isPresent() && tls.get().getTrustStoreOptions() != null;
  }

  @Override
  public void customize(GrpcServerConfiguration config, VertxServerBuilder builder) {
    tls.ifPresent(
        found ->
            builder.useSsl(
                options -> {
                  options.setKeyCertOptions(found.getKeyStoreOptions());
                  if (asksClients()) {
                    options.setTrustOptions(found.getTrustStoreOptions());
                  }
                }));
  }

  @Override
  public void customizeHttpsServer(HttpServerOptions options) {
    if (asksClients()) {
      // Asked for here and required by HttpAccess: health has to answer those who have none.
      options.setClientAuth(ClientAuth.REQUEST);
    }
  }
}
