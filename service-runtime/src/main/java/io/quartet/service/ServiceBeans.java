package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.FAILED_PRECONDITION;
import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.QuartetException;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The runtime's objects as beans; the objects themselves know nothing of CDI. */
@Singleton
public class ServiceBeans {
  private static final Pattern ENDPOINTS =
      Pattern.compile("[^\\s:,]+:\\d{1,5}(,[^\\s:,]+:\\d{1,5})*");

  /** This service's checkpoints. */
  @Produces
  @Singleton
  public CheckpointStore store(ServiceConfig config) {
    return new CheckpointStore(writable(config.home()).resolve("checkpoints"));
  }

  /** The events of all services. */
  @Produces
  @Singleton
  public Events events(ServiceConfig config) {
    String bootstrap = config.kafka().bootstrap();
    if (!ENDPOINTS.matcher(bootstrap).matches()) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "quartet.kafka.bootstrap: '%s', expected host:port[,host:port]".formatted(bootstrap));
    }
    if (config.kafka().replication() < 1) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "quartet.kafka.replication: %d, expected 1 or more"
              .formatted(config.kafka().replication()));
    }
    return new Events(bootstrap, config.kafka().replication());
  }

  void close(@Disposes Events events) {
    events.close();
  }

  /** The exchange of checkpoints with other services. */
  @Produces
  @Singleton
  public CheckpointExchange exchange(
      CheckpointStore store,
      Events events,
      ServiceConfig config,
      @ConfigProperty(name = "quarkus.grpc.server.host") String host,
      @ConfigProperty(name = "quarkus.grpc.server.port") int port) {
    var remote = new RemoteCheckpointStore(store, config.home().resolve("incoming"));
    String endpoint = config.advertised().orElse(host + ":" + port);
    if (!ENDPOINTS.matcher(endpoint).matches()) {
      throw new QuartetException(
          INVALID_ARGUMENT, "quartet.advertised: '%s', expected host:port".formatted(endpoint));
    }
    return new CheckpointExchange(store, remote, events, endpoint);
  }

  private static Path writable(Path home) {
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
}
