package io.quartet.rl.rollout;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.Stage;
import io.quartet.decoder.DecoderOptions;
import io.quartet.service.CheckpointExchange;
import io.quartet.service.Events;
import io.quartet.service.RemoteCheckpointStore;
import java.nio.file.Path;

/** A rollout worker for tests of what it works for. */
public final class TestWorker implements AutoCloseable {
  private final RolloutWorker worker;

  /** Starts one with a store in a folder. */
  public TestWorker(Events events, Path folder) {
    var own = new CheckpointStore(folder);
    var remote = new RemoteCheckpointStore(own, own.scratch(Stage.RL, "incoming"));
    var exchange = new CheckpointExchange(own, remote, events, "127.0.0.1:1");
    worker =
        new RolloutWorker(
            events,
            new RolloutSampler("worker", new Policies(exchange, new DecoderOptions(4, 1))),
            new SimpleMeterRegistry());
  }

  @Override
  public void close() {
    worker.close();
  }
}
