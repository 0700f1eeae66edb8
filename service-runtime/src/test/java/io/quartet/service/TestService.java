package io.quartet.service;

import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.StageProgress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** A training service without its framework: what one process holds, in a folder. */
public final class TestService implements AutoCloseable {
  private final CheckpointStore store;
  private final Events events;
  private final CheckpointServer server;
  private final StageCoordinator coordinator;

  /** Starts it; a second one on the same folder is the restarted process. */
  public TestService(TrainingStage stage, Path home, String bootstrap) throws IOException {
    store = new CheckpointStore(home.resolve("checkpoints"));
    events = new Events(bootstrap, (short) 1);
    server = new CheckpointServer(store, events);
    coordinator =
        new StageCoordinator(
            stage,
            new CheckpointExchange(
                store,
                new RemoteCheckpointStore(store, home.resolve("incoming")),
                events,
                server.endpoint()),
            events,
            new StageJournal(home.resolve("journal"), stage.stage()),
            progress -> {});
    coordinator.start();
  }

  /** Its checkpoints. */
  public CheckpointStore store() {
    return store;
  }

  /** Its events. */
  public Events events() {
    return events;
  }

  /** Its coordinator. */
  public StageCoordinator coordinator() {
    return coordinator;
  }

  /** Waits for a state, "completed" for instance, and returns the progress then. */
  public StageProgress await(String run, String state) throws InterruptedException {
    Instant end = Instant.now().plus(Duration.ofSeconds(30));
    String last = "unknown";
    while (Instant.now().isBefore(end)) {
      try {
        StageProgress progress = coordinator.run(run).progress();
        last = StageTransitions.word(progress) + " " + progress.getPhase();
        if (StageTransitions.word(progress).equals(state)) {
          return progress;
        }
      } catch (QuartetException e) {
        if (e.code() != ErrorCode.NOT_FOUND) {
          throw e;
        }
      }
      Thread.sleep(20);
    }
    throw new AssertionError("run '%s' is %s, expected %s".formatted(run, last, state));
  }

  /** Stops as on SIGTERM. */
  @Override
  public void close() {
    coordinator.close();
    server.close();
    events.close();
  }
}
