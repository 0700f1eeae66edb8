package io.quartet.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.Stage;
import io.quartet.recipe.Recipe;
import io.quartet.reward.RewardScorer.RewardScale;
import io.quartet.service.StageTrial;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RewardStageTest {
  private static final Recipe TINY = UntrainedModels.TINY;

  @TempDir private Path folder;

  @Test
  void aStoppedRunEndsWithTheSameMeasuredModelAsOneThatWasNot() throws Exception {
    var uninterrupted = new StageTrial(folder.resolve("whole"));
    Checkpoint base = inputs(uninterrupted.store());
    Checkpoint whole = uninterrupted.train(new RewardStage(), "r", TINY);

    assertThat(whole.id()).hasToString("reward/r/" + TINY.reward().steps());
    assertThat(whole.config().architecture()).isEqualTo(Architecture.SEQUENCE_CLASSIFICATION);
    assertThat(whole.training().parent()).contains(base.id());
    Map<String, Object> metrics = whole.training().metrics();
    assertThat(metrics)
        .containsKeys("by_flaw", "best_of_8", "held_out_accuracy", "flops", "seconds");
    assertThat(metrics.get("parameters")).isEqualTo(whole.config().parameters());
    assertThat(RewardScale.of(whole).recitalTokens()).isEqualTo(TINY.reward().recitalTokens());
    assertThat(RewardScale.of(whole).deviation()).isPositive();

    Path home = folder.resolve("stopped");
    inputs(new CheckpointStore(home));
    assertThatThrownBy(() -> new StageTrial(home).stopAt(3).train(new RewardStage(), "r", TINY))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
    var second = new StageTrial(home);
    Checkpoint continued = second.train(new RewardStage(), "r", TINY);

    assertThat(second.reported().stream().filter(r -> r.phase().equals("training")).findFirst())
        .hasValueSatisfying(first -> assertThat(first.step()).isGreaterThan(3));
    assertThat(Files.mismatch(continued.weights(), whole.weights())).isEqualTo(-1);
    for (String figure : new String[] {"tokens", "flops", "held_out_accuracy", "by_flaw"}) {
      assertThat(continued.training().metrics().get(figure)).isEqualTo(metrics.get(figure));
    }
  }

  @Test
  void adaptersAndTheHeadAloneAreTrainedPublishedAndResumed() throws Exception {
    Recipe lora =
        Recipe.parse(
            TINY.yaml()
                .replaceFirst(
                    "lora: null",
                    "lora: {rank: 4, alpha: 8, target_modules: [q_proj, v_proj], dropout: 0.1}"));
    var uninterrupted = new StageTrial(folder.resolve("whole"));
    Checkpoint base = inputs(uninterrupted.store());
    Checkpoint whole = uninterrupted.train(new RewardStage(), "r", lora);

    Path home = folder.resolve("stopped");
    inputs(new CheckpointStore(home));
    assertThatThrownBy(() -> new StageTrial(home).stopAt(3).train(new RewardStage(), "r", lora))
        .isInstanceOf(QuartetException.class);
    Checkpoint continued = new StageTrial(home).train(new RewardStage(), "r", lora);

    assertThat(whole.adapter()).contains(Adapter.on(base, lora.lora().orElseThrow().config()));
    assertThat(Files.mismatch(continued.file(Adapter.WEIGHTS), whole.file(Adapter.WEIGHTS)))
        .isEqualTo(-1);
    assertThat(whole.training().metrics()).containsKeys("by_flaw", "held_out_accuracy");
    try (var merged = Safetensors.open(whole.weights())) {
      merged.requireShapes(whole.config().tensorShapes());
    }
  }

  @Test
  void aLookThatFailsLeavesTheSnapshotOfItsStep() throws Exception {
    Recipe recipe =
        Recipe.parse(
            TINY.yaml()
                .replaceAll("evaluate_every: \\d+", "evaluate_every: 2")
                .replaceAll("snapshot_every: \\d+", "snapshot_every: 2"));
    var trial = new StageTrial(folder);
    inputs(trial.store());
    Path scratch = trial.store().scratch(Stage.REWARD, "r");
    Files.createDirectories(scratch.resolve("best.safetensors/in the way"));

    assertThatThrownBy(() -> trial.train(new RewardStage(), "r", recipe))
        .isInstanceOf(QuartetException.class)
        .hasMessageContaining("best.safetensors");

    try (var files = Files.list(scratch)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .anyMatch(name -> name.startsWith("trainer-0000000002-"));
    }
  }

  @Test
  void onesOwnComparisonsAloneAreEnoughAndMeasuredOnTheLastOfThem() throws Exception {
    Path file = folder.resolve("own.jsonl");
    var rows = new StringBuilder();
    for (int i = 0; i < 20; i++) {
      rows.append(
          """
          {"prompt": "say %d", "chosen": "yes, %d", "rejected": "no no no"}
          """
              .formatted(i, i));
    }
    Files.writeString(file, rows.toString());
    String ownData =
        TINY.yaml()
            .replaceFirst("(?m)^  lessons:\n(?:    .*\n)+", "  lessons: null\n")
            .replaceAll(
                "(?m)^  (documents|demonstrations|comparisons|prompts): \\[\\]$",
                "  $1: ['" + file + "']");
    Recipe recipe = Recipe.parse(ownData);
    var trial = new StageTrial(folder.resolve("home"));
    inputs(trial.store());

    Map<String, Object> metrics = trial.train(new RewardStage(), "r", recipe).training().metrics();

    // A tenth of twenty.
    assertThat(metrics).containsEntry("pairs", 2L).doesNotContainKey("by_flaw");
    assertThat((Double) metrics.get("accuracy")).isEqualTo(1.0);
  }

  @Test
  void rankingsOfThreeAreMeasuredByEveryPairAndTooLongOnesAreBadRows() throws Exception {
    Path file = folder.resolve("own.jsonl");
    var rows = new StringBuilder();
    for (int i = 0; i < 20; i++) {
      rows.append(
          """
          {"prompt": "say %d", "answers": ["no", "yes, %d", "yes"], "scores": [0, 2, 1]}
          """
              .formatted(i, i));
    }
    rows.append(
        "{\"prompt\": \"%s\", \"answers\": [\"yes\", \"no\"]}".formatted("so ".repeat(200)));
    Files.writeString(file, rows.toString());
    String ownData =
        TINY.yaml()
            .replaceFirst("(?m)^  lessons:\n(?:    .*\n)+", "  lessons: null\n")
            .replace("bad_rows: 0", "bad_rows: 1")
            .replaceAll(
                "(?m)^  (documents|demonstrations|comparisons|prompts): \\[\\]$",
                "  $1: ['" + file + "']");
    var trial = new StageTrial(folder.resolve("home"));
    inputs(trial.store());

    Map<String, Object> metrics =
        trial.train(new RewardStage(), "r", Recipe.parse(ownData)).training().metrics();

    // A tenth of twenty sets, three pairs each.
    assertThat(metrics).containsEntry("pairs", 6L);
    assertThat(metrics.get("data"))
        .isEqualTo(
            Map.of(
                "comparisons",
                Map.of(
                    file.toString(),
                    Map.of("shape", "ranked", "rows", 21L, "bad", 1L, "duplicates", 0L))));
  }

  private static Checkpoint inputs(CheckpointStore store) {
    var models = new UntrainedModels(store);
    Checkpoint base = models.base();
    models.sft(base);
    return base;
  }
}
