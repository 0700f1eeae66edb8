package io.quartet.gateway.access;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.QuartetException;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExposureTest {
  private static final Map<String, String> LOOPBACK =
      Map.of(
          "quarkus.grpc.server.host", "127.0.0.1",
          "quarkus.grpc.server.port", "19160",
          "quarkus.http.host", "localhost",
          "quarkus.http.port", "19161");
  private static final Map<String, String> EVERYWHERE =
      Map.of("quarkus.grpc.server.host", "0.0.0.0", "quarkus.http.host", "::");
  private static final Map<String, String> TLS =
      Map.of(
          "quarkus.tls.key-store.pem.gateway.cert", "tls.crt",
          "quarkus.tls.key-store.pem.gateway.key", "tls.key",
          "quarkus.grpc.server.plain-text", "false",
          "quarkus.http.insecure-requests", "disabled");
  private static final Map<String, String> KEYS = Map.of("quartet.gateway.keys", "keys.yaml");

  @Test
  void onLoopbackNothingIsNeeded() {
    starts(Map.of());
    starts(KEYS);
    starts(TLS);
  }

  @Test
  void whereOthersCanReachItKeysAndTlsAreNeeded() {
    refused(
        EVERYWHERE,
        "the gateway would be open to others on 0.0.0.0:19160 (quarkus.grpc.server.host) and"
            + " :::19161 (quarkus.http.host); set quartet.gateway.keys,"
            + " quarkus.tls.key-store.pem.gateway.cert and .key (or quartet.gateway.tls-by-mesh=true),"
            + " quarkus.grpc.server.plain-text=false, quarkus.http.insecure-requests=disabled");
    refused(
        with(TLS, Map.of("quarkus.http.host", "0.0.0.0")),
        "the gateway would be open to others on 0.0.0.0:19161 (quarkus.http.host); set"
            + " quartet.gateway.keys");
    starts(with(with(EVERYWHERE, KEYS), TLS));
  }

  @Test
  void aMeshStandsForTlsAndNotForKeys() {
    Map<String, String> mesh = with(EVERYWHERE, Map.of("quartet.gateway.tls-by-mesh", "true"));
    starts(with(mesh, KEYS));
    assertThatThrownBy(() -> check(mesh)).hasMessageEndingWith("; set quartet.gateway.keys");
  }

  @Test
  void halfOfTlsIsNone() {
    refused(
        Map.of("quarkus.tls.key-store.p12.path", "gateway.p12"),
        "TLS is half configured; set quarkus.grpc.server.plain-text=false,"
            + " quarkus.http.insecure-requests=disabled");
    refused(
        with(TLS, Map.of("quarkus.tls.trust-store.pem.certs", "ca.crt")),
        "TLS is half configured; set quarkus.grpc.server.ssl.client-auth=REQUIRED");
    refused(
        with(TLS, Map.of("quarkus.grpc.server.ssl.client-auth", "REQUIRED")),
        "TLS is half configured; set quarkus.tls.trust-store.pem.certs");
    starts(with(TLS, Map.of("quarkus.grpc.server.ssl.client-auth", "none")));
    starts(
        with(
            TLS,
            Map.of(
                "quarkus.grpc.server.ssl.client-auth", "REQUIRED",
                "quarkus.tls.trust-store.pem.certs", "ca.crt")));
  }

  @Test
  void theEnvironmentCountsAsWell() {
    var environment =
        new EnvConfigSource(Map.of("QUARKUS_TLS_KEY_STORE_PEM_GATEWAY_CERT", "tls.crt"), 300);
    assertThatThrownBy(
            () ->
                new Exposure()
                    .check(
                        new SmallRyeConfigBuilder()
                            .withSources(
                                new PropertiesConfigSource(LOOPBACK, "test", 100), environment)
                            .build()))
        .hasMessageStartingWith("TLS is half configured");
  }

  private static void starts(Map<String, String> changes) {
    assertThatCode(() -> check(changes)).doesNotThrowAnyException();
  }

  private static void refused(Map<String, String> changes, String why) {
    assertThatThrownBy(() -> check(changes)).isInstanceOf(QuartetException.class).hasMessage(why);
  }

  private static void check(Map<String, String> changes) {
    new Exposure()
        .check(
            new SmallRyeConfigBuilder()
                .withSources(new PropertiesConfigSource(with(LOOPBACK, changes), "test", 100))
                .build());
  }

  private static Map<String, String> with(Map<String, String> some, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(some);
    all.putAll(more);
    return all;
  }
}
