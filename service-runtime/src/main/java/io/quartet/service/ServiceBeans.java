package io.quartet.service;

import io.quartet.checkpoint.CheckpointStore;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The runtime's objects as beans; the objects themselves know nothing of CDI. */
@Singleton
public class ServiceBeans {
  /** This service's checkpoints. */
  @Produces
  @Singleton
  public CheckpointStore store(ServiceConfig config) {
    return new CheckpointStore(ServiceChecks.writable(config.home()).resolve("checkpoints"));
  }

  /** The events of all services. */
  @Produces
  @Singleton
  public Events events(ServiceConfig config) {
    String bootstrap =
        ServiceChecks.endpoints("quartet.kafka.bootstrap", config.kafka().bootstrap());
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
    String endpoint =
        ServiceChecks.endpoints(
            "quartet.advertised", config.advertised().orElse(host + ":" + port));
    return new CheckpointExchange(store, remote, events, endpoint);
  }
}
