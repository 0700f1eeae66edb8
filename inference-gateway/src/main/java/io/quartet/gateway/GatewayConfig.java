package io.quartet.gateway;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.OptionalInt;

/** How much the gateway takes on. */
@ConfigMapping(prefix = "quartet.gateway")
public interface GatewayConfig {
  /** Answers of one model that grow at the same time. */
  @WithDefault("16")
  int slots();

  /** Requests of one model that wait for a slot; one more is RESOURCE_EXHAUSTED. */
  @WithDefault("64")
  int waiting();

  /** Threads of computation of one model; by default the processors. */
  OptionalInt threads();

  /** Checkpoints asked for by id that stay in memory beside the newest of each stage. */
  @WithDefault("2")
  int extraModels();
}
