package io.quartet.gateway.access;

import static io.quartet.checkpoint.ErrorCode.FAILED_PRECONDITION;

import io.quartet.checkpoint.QuartetException;
import io.quartet.service.StartCheck;
import io.smallrye.config.SmallRyeConfig;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * Keys and TLS may be off on loopback only. A gateway that others can reach does not start without
 * them, unless it is told that a mesh terminates TLS in front of it; and one that has a certificate
 * speaks no plain text beside it.
 */
public final class Exposure implements StartCheck {
  static final String KEYS = "quartet.gateway.keys";
  static final String MESH = "quartet.gateway.tls-by-mesh";
  static final String PLAIN_GRPC = "quarkus.grpc.server.plain-text";
  static final String PLAIN_HTTP = "quarkus.http.insecure-requests";
  static final String ASK_CLIENTS = "quarkus.grpc.server.ssl.client-auth";
  private static final String CERTIFICATE = "quarkus.tls.key-store.";
  private static final String TRUSTED = "quarkus.tls.trust-store.";

  @Override
  public void check(SmallRyeConfig config) {
    boolean certificate = anyOf(config, CERTIFICATE);
    List<String> exposed = exposed(config);
    List<String> missing = new ArrayList<>();
    if (!exposed.isEmpty() && value(config, KEYS, "").isEmpty()) {
      missing.add(KEYS);
    }
    boolean mesh = config.getOptionalValue(MESH, Boolean.class).orElse(false);
    if (!exposed.isEmpty() && !certificate && !mesh) {
      missing.add(CERTIFICATE + "pem.gateway.cert and .key (or " + MESH + "=true)");
    }
    if (certificate || (!exposed.isEmpty() && !mesh)) {
      require(config, PLAIN_GRPC, "true", "false", missing);
      require(config, PLAIN_HTTP, "enabled", "disabled", missing);
    }
    if (anyOf(config, TRUSTED)) {
      require(config, ASK_CLIENTS, "NONE", "REQUIRED", missing);
    } else if (!value(config, ASK_CLIENTS, "NONE").equalsIgnoreCase("NONE")) {
      missing.add(TRUSTED + "pem.certs"); // HTTP goes by it, and would ask nobody
    }
    if (!missing.isEmpty()) {
      throw new QuartetException(FAILED_PRECONDITION, why(exposed) + String.join(", ", missing));
    }
  }

  private static String why(List<String> exposed) {
    return exposed.isEmpty()
        ? "TLS is half configured; set "
        : "the gateway would be open to others on %s; set "
            .formatted(String.join(" and ", exposed));
  }

  private static void require(
      SmallRyeConfig config, String key, String unset, String expected, List<String> missing) {
    if (!value(config, key, unset).equalsIgnoreCase(expected)) {
      missing.add(key + "=" + expected);
    }
  }

  /** Where it listens beyond loopback: {@code gRPC 0.0.0.0:19160}. */
  private static List<String> exposed(SmallRyeConfig config) {
    List<String> exposed = new ArrayList<>();
    for (String server : List.of("quarkus.grpc.server", "quarkus.http")) {
      String host = value(config, server + ".host", "0.0.0.0");
      if (!loopback(host)) {
        exposed.add("%s:%s (%s.host)".formatted(host, value(config, server + ".port", ""), server));
      }
    }
    return exposed;
  }

  private static boolean loopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /** Whether any property of a group is set, as a property or in the environment. */
  private static boolean anyOf(SmallRyeConfig config, String prefix) {
    String variable = prefix.toUpperCase(java.util.Locale.ROOT).replaceAll("[.-]", "_");
    return StreamSupport.stream(config.getPropertyNames().spliterator(), false)
        .anyMatch(name -> name.startsWith(prefix) || name.startsWith(variable));
  }

  private static String value(SmallRyeConfig config, String key, String unset) {
    return config.getOptionalValue(key, String.class).orElse(unset).strip();
  }
}
