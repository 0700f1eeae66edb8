package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.service.CheckpointExchange;
import io.quartet.service.Events;
import io.quartet.service.RemoteCheckpointStore;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalCopiesTest {
  private static final String NOBODY = "127.0.0.1:1";

  @TempDir private Path folder;
  private TrainingSide training;
  private Events events;
  private CheckpointStore store;

  @BeforeEach
  void open() throws Exception {
    training = new TrainingSide(folder.resolve("training"), NOBODY);
    events = new Events(NOBODY, (short) 1);
    store = new CheckpointStore(folder.resolve("gateway"));
  }

  @AfterEach
  void close() {
    events.close();
    training.close();
  }

  @Test
  void whatIsNotWorthKeepingGoesIfTheGatewayFetchedIt() throws Exception {
    ScriptedModels.publish(store, "rl/mine/1", "ab"); // there before
    fetch("rl/r/1");
    fetch("rl/r/2");

    copies().tidy(id -> id.step() == 2);

    assertThat(ids()).containsExactly("rl/mine/1", "rl/r/2");
    fetch("rl/r/1"); // and comes back
    assertThat(ids()).containsExactly("rl/mine/1", "rl/r/1", "rl/r/2");
    copies().tidy(id -> false);
    assertThat(ids()).containsExactly("rl/mine/1");
  }

  private void fetch(String id) throws InterruptedException {
    Checkpoint checkpoint =
        training
            .store()
            .find(CheckpointId.parse(id))
            .orElseGet(() -> ScriptedModels.publish(training.store(), id, "ab"));
    copies().fetch(training.announcement(checkpoint));
  }

  /** As of a process that has just started. */
  private LocalCopies copies() {
    var remote = new RemoteCheckpointStore(store, folder.resolve("incoming"));
    return new LocalCopies(
        new CheckpointExchange(store, remote, events, NOBODY), folder.resolve("fetched.txt"));
  }

  private List<String> ids() {
    return store.list().stream().map(checkpoint -> checkpoint.id().toString()).toList();
  }
}
