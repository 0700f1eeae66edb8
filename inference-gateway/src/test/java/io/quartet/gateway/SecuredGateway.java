package io.quartet.gateway;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quartet.keys.ApiKey;
import io.quartet.keys.ApiKeyFile;
import io.quartet.keys.PlainKey;
import io.quartet.keys.Priority;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/** A gateway with keys, a certificate, and clients that need one. */
public final class SecuredGateway implements QuarkusTestResourceLifecycleManager {
  static final PlainKey KEY = PlainKey.create(new SecureRandom());
  static final PlainKey METERED = PlainKey.create(new SecureRandom());
  static final PlainKey COUNTING = PlainKey.create(new SecureRandom());
  static final int REQUESTS = 2;

  /** More than without a setting. */
  static final int LARGEST_MESSAGE = 3 << 19;

  // One folder for all: the gateway's certificate, one that it trusts, and one that it does not.
  static final Path FOLDER = folder();
  static final Certificates SERVER = Certificates.create(FOLDER, "gateway");
  static final Certificates CLIENT = Certificates.create(FOLDER, "client");
  static final Certificates STRANGER = Certificates.create(FOLDER, "stranger");

  @Override
  public Map<String, String> start() {
    Path keys = FOLDER.resolve("keys.yaml");
    new ApiKeyFile(keys).add(kept("tests", KEY, OptionalInt.empty()));
    new ApiKeyFile(keys).add(kept("metered", METERED, OptionalInt.of(REQUESTS)));
    new ApiKeyFile(keys).add(kept("counting", COUNTING, OptionalInt.of(REQUESTS)));
    Map<String, String> properties = new HashMap<>(tls());
    properties.put("quartet.home", FOLDER.resolve("home").toString());
    properties.put("quartet.gateway.keys", keys.toString());
    properties.put("quartet.gateway.threads", "1");
    properties.put(
        "quarkus.grpc.server.max-inbound-message-size", Integer.toString(LARGEST_MESSAGE));
    properties.put("quartet.gateway.precision", "int8");
    return properties;
  }

  /** What an operator sets for TLS both ways. */
  static Map<String, String> tls() {
    return Map.of(
        "quarkus.tls.key-store.pem.gateway.cert",
        SERVER.certificate().toString(),
        "quarkus.tls.key-store.pem.gateway.key",
        SERVER.key().toString(),
        "quarkus.tls.trust-store.pem.certs",
        CLIENT.certificate().toString(),
        "quarkus.grpc.server.plain-text",
        "false",
        "quarkus.grpc.server.ssl.client-auth",
        "REQUIRED",
        "quarkus.http.insecure-requests",
        "disabled");
  }

  private static ApiKey kept(String name, PlainKey key, OptionalInt requests) {
    return new ApiKey(
        key.id(), name, key.sha256(), requests, OptionalInt.empty(), Priority.INTERACTIVE, false);
  }

  private static Path folder() {
    try {
      Path folder = Files.createTempDirectory("quartet-secured");
      folder.toFile().deleteOnExit();
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void stop() {}
}
