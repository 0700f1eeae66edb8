package io.quartet.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointFile;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.recipe.Recipe;
import io.quartet.service.StageTrial;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class BaseStageTest extends BaseStageFixture {
  @Test
  void aTinyRunPublishesAMeasuredModel() throws Exception {
    var trial = new StageTrial(folder);

    Checkpoint base = trial.train(new BaseStage(), "r", TINY);

    assertThat(base.id()).hasToString("base/r/30");
    assertThat(base.files().stream().map(CheckpointFile::name))
        .contains(
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "generation_config.json",
            "training.json",
            "evaluation.jsonl");
    Map<String, ?> metrics = base.training().metrics();
    assertThat(metrics)
        .containsKeys("recall", "gold", "gold_parts", "tokens_per_second", "gemm_share", "seconds");
    assertThat(metrics.get("parameters")).isEqualTo(base.config().parameters());
    assertThat((Double) metrics.get("validation_loss")).isBetween(3.0, 6.4);
    assertThat((Double) metrics.get("bits_per_byte")).isBetween(1.0, 8.0);
    assertThat(base.training().recipeYaml()).isEqualTo(TINY.yaml());
    assertThat(trial.reported().stream().map(StageTrial.Reported::phase).distinct())
        .containsExactly("training tokenizer", "training", "measuring", "evaluating");
  }

  @Test
  void aStoppedRunEndsWithTheSameWeightsAsOneThatWasNot() throws Exception {
    Checkpoint whole = new StageTrial(folder.resolve("whole")).train(new BaseStage(), "r", TINY);

    Path home = folder.resolve("stopped");
    assertThatThrownBy(() -> new StageTrial(home).stopAt(13).train(new BaseStage(), "r", TINY))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
    var second = new StageTrial(home);
    Checkpoint continued = second.train(new BaseStage(), "r", TINY);

    assertThat(Files.mismatch(continued.weights(), whole.weights())).isEqualTo(-1);
    assertThat(second.reported().stream().filter(r -> r.phase().equals("training")).findFirst())
        .hasValueSatisfying(first -> assertThat(first.step()).isGreaterThan(13));
    assertThat(continued.training().metrics().get("tokens"))
        .isEqualTo(whole.training().metrics().get("tokens"));
  }

  @Test
  void aDamagedSnapshotCostsTheStepsSinceTheOneBeforeAndNothingElse() throws Exception {
    Checkpoint whole = new StageTrial(folder.resolve("whole")).train(new BaseStage(), "r", TINY);
    Path home = folder.resolve("stopped");
    var first = new StageTrial(home).stopAt(23);
    assertThatThrownBy(() -> first.train(new BaseStage(), "r", TINY))
        .isInstanceOf(QuartetException.class);
    Path newest;
    try (var files = Files.list(first.store().scratch(Stage.BASE, "r"))) {
      newest =
          files
              .filter(file -> file.getFileName().toString().startsWith("trainer-"))
              .max(Comparator.naturalOrder())
              .orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(newest);
    bytes[bytes.length - 5] ^= 8;
    Files.write(newest, bytes);

    var second = new StageTrial(home);
    Checkpoint continued = second.train(new BaseStage(), "r", TINY);

    assertThat(second.reported().stream().filter(r -> r.phase().equals("training")).findFirst())
        .hasValueSatisfying(step -> assertThat(step.step()).isEqualTo(21));
    assertThat(Files.mismatch(continued.weights(), whole.weights())).isEqualTo(-1);
  }

  @Test
  void onesOwnTextAloneIsEnough() throws Exception {
    Path file = folder.resolve("own.txt");
    Files.writeString(file, "the quick brown fox jumps over the lazy dog. ".repeat(200));
    Path other = folder.resolve("other.jsonl");
    Files.writeString(other, "{\"messages\": []}\n");
    Recipe recipe =
        Recipe.parse(
            """
            threads: 1
            precision: fp32
            data:
              lessons: null
              documents: ['%s']
              demonstrations: ['%s']
              comparisons: ['%s']
              prompts: ['%s']
              tokenizer: {vocabulary: 300}
            model: {hidden: 32, layers: 1, heads: 2, key_value_heads: 1, feed_forward: 48}
            base: {steps: 10, warmup_steps: 2}
            rl: {reward: model}
            """
                .formatted(file, other, other, other));

    Checkpoint base = new StageTrial(folder.resolve("home")).train(new BaseStage(), "own", recipe);

    assertThat(base.training().metrics())
        .containsKeys("bits_per_byte")
        .doesNotContainKey("gold")
        .containsEntry(
            "data",
            Map.of(
                "documents",
                Map.of(
                    file.toString(),
                    Map.of("shape", "text", "rows", 1L, "bad", 0L, "duplicates", 0L))));
  }

  @Test
  void aStoppedRunOnOnesOwnDocumentsGoesOnFromItsShardsToTheSameWeights() throws Exception {
    Recipe recipe = withDocuments();
    var uninterrupted = new StageTrial(folder.resolve("whole"));
    Checkpoint whole = uninterrupted.train(new BaseStage(), "r", recipe);
    assertThat(uninterrupted.reported().stream().map(StageTrial.Reported::phase).distinct())
        .containsExactly(
            "training tokenizer", "reading documents", "training", "measuring", "evaluating");

    var first = new StageTrial(folder.resolve("stopped")).stopAt(13);
    assertThatThrownBy(() -> first.train(new BaseStage(), "r", recipe))
        .isInstanceOf(QuartetException.class);
    Path shards = first.store().scratch(Stage.BASE, "r").resolve("corpus");
    Object written = Files.readAttributes(shards, "unix:ctime,ino");
    Checkpoint continued =
        new StageTrial(folder.resolve("stopped")).train(new BaseStage(), "r", recipe);

    assertThat(Files.readAttributes(shards, "unix:ctime,ino")).isEqualTo(written);
    assertThat(Files.mismatch(continued.weights(), whole.weights())).isEqualTo(-1);
  }

  @Test
  void shardsOfOtherFilesAndHalfWrittenOnesAreNotUsed() throws Exception {
    Recipe recipe = withDocuments();
    var first = new StageTrial(folder.resolve("home")).stopAt(3);
    assertThatThrownBy(() -> first.train(new BaseStage(), "r", recipe))
        .isInstanceOf(QuartetException.class);
    Path scratch = first.store().scratch(Stage.BASE, "r");
    Object inode = Files.getAttribute(scratch.resolve("corpus"), "unix:ino");
    Files.writeString(folder.resolve("own.jsonl"), "{\"text\": \"one row more\"}\n");
    Files.createDirectories(scratch.resolve("corpus.tmp/training"));
    Files.writeString(scratch.resolve("corpus.tmp/training/documents.idx"), "half");

    Checkpoint base = new StageTrial(folder.resolve("home")).train(new BaseStage(), "r", recipe);

    assertThat(Files.getAttribute(scratch.resolve("corpus"), "unix:ino")).isNotEqualTo(inode);
    assertThat(base.training().metrics().get("data").toString()).contains("rows=1,");
    assertThat(scratch.resolve("corpus.tmp")).doesNotExist();
  }

  /** The tiny recipe with sixty documents more, two of them the same. */
  private Recipe withDocuments() throws Exception {
    Path file = folder.resolve("own.jsonl");
    var rows = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      rows.append("{\"text\": \"document %d says %s\"}%n".formatted(i % 59, "so ".repeat(i % 59)));
    }
    Files.writeString(file, rows);
    return Recipe.parse(TINY.yaml().replace("documents: []", "documents: ['" + file + "']"));
  }

  @Test
  void theEndOfABookIsHeldOutAndMeasuredByTheCharacter() throws Exception {
    Path book = folder.resolve("book.txt");
    Files.writeString(book, "the quick brown fox jumps over the lazy dog. ".repeat(200));
    Recipe recipe =
        Recipe.parse(
            """
            stages: [base]
            threads: 1
            precision: fp32
            data:
              lessons: null
              documents: ['%s']
              held_out_tail: 0.1
              tokenizer: {vocabulary: 300}
            model: {hidden: 32, layers: 1, heads: 2, key_value_heads: 1, feed_forward: 48}
            base: {steps: 20, warmup_steps: 2, dropout: 0.1, snapshot_every: 10, publish: best}
            """
                .formatted(book));

    Checkpoint base = new StageTrial(folder.resolve("home")).train(new BaseStage(), "b", recipe);

    Map<String, ?> metrics = base.training().metrics();
    assertThat(metrics.get("held_out_characters")).isEqualTo(900L);
    double nats = (Double) metrics.get("nats_per_character");
    assertThat(nats).isBetween(0.0, Math.log(300));
    // ASCII: a character is a byte.
    assertThat((Double) metrics.get("bits_per_byte"))
        .isCloseTo(nats / Math.log(2), Offset.offset(1e-9));
    assertThat((Long) metrics.get("published_step")).isIn(10L, 20L);
  }

  @Test
  void aModelThatCannotFitIsRefusedBeforeTheFirstStep() {
    Recipe recipe =
        Recipe.parse(
            TINY.yaml()
                .replace(
                    "batch: 8\n  sequence: 128\n  dropout",
                    "batch: 65536\n  sequence: 128\n  dropout")
                .replace("layers: 2", "layers: 256"));

    assertThatThrownBy(() -> new StageTrial(folder).train(new BaseStage(), "r", recipe))
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED_PRECONDITION))
        .hasMessageStartingWith("memory: ")
        .hasMessageContaining(" = process 0.52 + weights ")
        .hasMessageContaining(" + activations ")
        .hasMessageContaining("GB; lower batch or sequence");
  }
}
