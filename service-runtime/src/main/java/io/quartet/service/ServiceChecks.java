package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.FAILED_PRECONDITION;
import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;
import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.QuartetException;
import io.smallrye.config.SmallRyeConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** What can be wrong with a service's configuration, checked before anything runs. */
final class ServiceChecks {
  private static final Pattern ENDPOINTS =
      Pattern.compile("[^\\s:,]+:\\d{1,5}(,[^\\s:,]+:\\d{1,5})*");

  private ServiceChecks() {}

  /**
   * Checks everything.
   *
   * @throws QuartetException naming the key, what was found and what was expected
   */
  static void check(SmallRyeConfig config) {
    config.getOptionalValue("quartet.home", Path.class).ifPresent(ServiceChecks::writable);
    for (String key : new String[] {"quartet.kafka.bootstrap", "quartet.advertised"}) {
      config.getOptionalValue(key, String.class).ifPresent(value -> endpoints(key, value));
    }
    config
        .getOptionalValue("quartet.kafka.replication", String.class)
        .ifPresent(ServiceChecks::replication);
    free(config, "quarkus.grpc.server");
    free(config, "quarkus.http");
  }

  /** A folder that exists from now on and can be written to. */
  static Path writable(Path home) {
    try {
      Files.createDirectories(home);
      Files.delete(Files.createTempFile(home, "writable", null));
      return home;
    } catch (IOException e) {
      throw new QuartetException(
          FAILED_PRECONDITION,
          "quartet.home: '%s' is not a folder that can be written to (%s)"
              .formatted(home, Failures.firstLine(e)),
          e);
    }
  }

  /** One or more of host:port. */
  static String endpoints(String key, String value) {
    if (!ENDPOINTS.matcher(value).matches()) {
      throw new QuartetException(
          INVALID_ARGUMENT, "%s: '%s', expected host:port".formatted(key, value));
    }
    return value;
  }

  private static void replication(String value) {
    if (!value.matches("[1-9]\\d{0,2}")) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "quartet.kafka.replication: '%s', expected a whole number from 1".formatted(value));
    }
  }

  private static void free(SmallRyeConfig config, String server) {
    String host = config.getValue(server + ".host", String.class);
    int port = config.getValue(server + ".port", Integer.class);
    try (var socket = new ServerSocket()) {
      socket.setReuseAddress(true); // as the servers do: connections of the last process may linger
      socket.bind(new InetSocketAddress(host, port));
    } catch (IOException e) {
      throw new QuartetException(
          UNAVAILABLE,
          "%s.port: cannot listen on %s:%d (%s)"
              .formatted(server, host, port, Failures.firstLine(e)),
          e);
    }
  }
}
