package io.quartet.rl.rollout;

import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quartet.decoder.DecoderOptions;
import io.quartet.rl.RlConfig;
import io.quartet.service.CheckpointExchange;
import io.quartet.service.Events;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import org.jspecify.annotations.Nullable;

/** Runs a rollout worker in a process of that role. */
@ApplicationScoped
public class RolloutHost {
  private static final int SLOTS = 64;

  private final RlConfig config;
  private final CheckpointExchange exchange;
  private final Events events;
  private final MeterRegistry meters;
  private @Nullable RolloutWorker worker;

  RolloutHost(RlConfig config, CheckpointExchange exchange, Events events, MeterRegistry meters) {
    this.config = config;
    this.exchange = exchange;
    this.events = events;
    this.meters = meters;
  }

  void start(@Observes StartupEvent event) {
    if (config.role() == RlConfig.Role.ROLLOUT) {
      var policies = new Policies(exchange, new DecoderOptions(SLOTS, config.rolloutThreads()));
      String name = "rollout-" + ProcessHandle.current().pid();
      worker = new RolloutWorker(events, new RolloutSampler(name, policies), meters);
    }
  }

  void stop(@Observes ShutdownEvent event) {
    if (worker != null) {
      worker.close();
    }
  }
}
