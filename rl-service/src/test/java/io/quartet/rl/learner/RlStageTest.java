package io.quartet.rl.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointFile;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.recipe.Recipe;
import io.quartet.rl.TinyPolicy;
import io.quartet.rl.rollout.TestWorker;
import io.quartet.service.CheckpointExchange;
import io.quartet.service.CheckpointServer;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.Events;
import io.quartet.service.RemoteCheckpointStore;
import io.quartet.service.StageTrial;
import io.quartet.service.StageTrial.Reported;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The learner's stage between a real broker, a real worker and a reward service. */
@Timeout(180)
class RlStageTest {
  private static final int PROMPTS = 5;

  @TempDir private static Path folder;
  private static EmbeddedBroker broker;
  private static Events events;
  private static TokenReward reward;
  private static CheckpointServer checkpoints;
  private static TestWorker worker;

  @BeforeAll
  static void start() throws Exception {
    broker = EmbeddedBroker.open();
    events = new Events(broker.bootstrap(), (short) 1);
    reward = new TokenReward();
    var store = new CheckpointStore(folder.resolve("home"));
    checkpoints = new CheckpointServer(store, events);
    worker = new TestWorker(events, folder.resolve("worker"));
  }

  @AfterAll
  static void close() {
    worker.close();
    checkpoints.close();
    reward.close();
    events.close();
    broker.close();
  }

  @Test
  void theLookOfTheHighestObjectiveIsPublished() throws Exception {
    var trial = trial("best");
    Map<Long, byte[]> weights = new TreeMap<>();
    for (long version : List.of(1L, 2L, 3L, 4L)) {
      trial.when(version, () -> weights.put(version, weights("best", version)));
    }

    Checkpoint published = trial.train(stage(), "best", recipe("best"));

    Map<Long, Double> objectives = objectives(trial.reported());
    long best =
        objectives.entrySet().stream()
            .max(Comparator.comparing(Map.Entry::getValue))
            .orElseThrow()
            .getKey();
    assertThat(objectives.keySet()).containsExactly(1L, 2L, 3L, 4L);
    assertThat(best).isLessThan(4);
    assertThat(published.id()).isEqualTo(new CheckpointId(Stage.RL, "best", 4));
    assertThat(published.training().metrics()).containsEntry("published_update", best);
    assertThat(Files.readAllBytes(published.weights())).isEqualTo(weights.get(best));
    assertThat(trial.store().list(Stage.RL, "best")).containsExactly(published);
    assertThat(published.files().stream().map(CheckpointFile::name))
        .as("with another model's tokenizer goes its chat template")
        .contains("chat_template.jinja", "tokenizer.json", "config.json");
  }

  @Test
  void aLookThatFailsLeavesTheSnapshotOfItsUpdateAndIsTakenAgain() throws Exception {
    Recipe recipe = recipe("best");
    Checkpoint whole = trial("whole").train(stage(), "whole", recipe);
    reward.refuse(PROMPTS);

    assertThatThrownBy(() -> trial("failed").train(stage(), "failed", recipe))
        .isInstanceOf(QuartetException.class)
        .hasMessageContaining("not now");

    var trial = trial("failed");
    try (var files = Files.list(trial.store().scratch(Stage.RL, "failed"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .anyMatch(name -> name.startsWith("trainer-0000000001-"));
    }
    reward.refuse(-1);
    Checkpoint resumed = trial.train(stage(), "failed", recipe);
    assertThat(Files.mismatch(resumed.weights(), whole.weights())).isEqualTo(-1);
    assertThat(trial.reported().stream().filter(r -> r.phase().equals("rollouts")).findFirst())
        .hasValueSatisfying(
            first -> {
              assertThat(first.step()).isEqualTo(1);
              assertThat(first.metrics()).containsKey("objective");
            });
  }

  private static StageTrial trial(String run) {
    var trial = new StageTrial(folder.resolve("home")).announcedFrom(reward.endpoint());
    for (String stage : List.of("base", "sft", "reward")) {
      if (trial.store().find(CheckpointId.parse(stage + "/" + run + "/1")).isEmpty()) {
        TinyPolicy.publish(trial.store(), stage + "/" + run + "/1", 1);
      }
    }
    return trial;
  }

  private static RlStage stage() {
    var own = new CheckpointStore(folder.resolve("home"));
    var remote = new RemoteCheckpointStore(own, own.scratch(Stage.RL, "incoming"));
    return new RlStage(new CheckpointExchange(own, remote, events, checkpoints.endpoint()), events);
  }

  private static byte[] weights(String run, long version) {
    try {
      var id = new CheckpointId(Stage.RL, run, version);
      return Files.readAllBytes(new CheckpointStore(folder.resolve("home")).get(id).weights());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<Long, Double> objectives(List<Reported> reported) {
    Map<Long, Double> objectives = new TreeMap<>();
    for (Reported report : reported) {
      if (report.phase().equals("learning")) {
        objectives.put(report.step(), report.metrics().get("objective"));
      }
    }
    return objectives;
  }

  private static Recipe recipe(String publish) throws IOException {
    Path file = folder.resolve("own.jsonl");
    var rows = new StringBuilder();
    for (int i = 0; i < PROMPTS; i++) {
      rows.append(
          "{\"prompt\": \"say %d\", \"chosen\": \"a\", \"rejected\": \"b\"}\n".formatted(i));
    }
    Files.writeString(file, rows);
    return Recipe.parse(
        """
        seed: 7
        threads: 1
        precision: fp32
        data:
          lessons: null
          documents: [{files: FILE, columns: {text: chosen}}]
          demonstrations: [{files: FILE, columns: {instruction: prompt, output: chosen}}]
          comparisons: ['FILE']
          prompts: ['FILE']
        rl:
          updates: 4
          prompts: 4
          samples_per_prompt: 2
          prompts_per_request: 2
          epochs: 1
          minibatch: 8
          learning_rate: 0.01
          value_learning_rate: 0.01
          warmup_updates: 0
          max_tokens: 8
          gate: false
          evaluate_every: 1
          snapshot_every: 1
          publish: PUBLISH
        """
            .replace("FILE", file.toString())
            .replace("PUBLISH", publish));
  }
}
