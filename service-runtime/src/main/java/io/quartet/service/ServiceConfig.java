package io.quartet.service;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Where a service lives; what it trains is the recipe's affair. */
@ConfigMapping(prefix = "quartet")
public interface ServiceConfig {
  /** The service's own data folder: its checkpoints, snapshots and journal. */
  Path home();

  /** host:port under which others reach this service's gRPC; by default where it listens. */
  Optional<String> advertised();

  /** How long one of several processes that train together may keep the others waiting. */
  @WithDefault("PT2M")
  Duration replicaDeadline();

  /** The broker. */
  Kafka kafka();

  /** The broker's address and how topics are created there. */
  interface Kafka {
    /** {@code host:port[,host:port…]}. */
    @WithDefault("127.0.0.1:19092")
    String bootstrap();

    /** Replicas of each topic that is created. */
    @WithDefault("1")
    short replication();
  }
}
