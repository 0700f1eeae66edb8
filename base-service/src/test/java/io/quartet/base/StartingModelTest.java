package io.quartet.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointFile;
import io.quartet.checkpoint.OpenModel;
import io.quartet.checkpoint.OpenModels;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.recipe.Recipe;
import io.quartet.service.StageTrial;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pretraining that begins with another model, or takes it as it is. */
class StartingModelTest extends BaseStageFixture {
  private static final String FROM_OPEN =
      """
      threads: 1
      precision: fp32
      data: {lessons: {words: 40, held_out: 0.2, without_demonstrations: 0.3}}
      model: {from: base/open/0}
      evaluation: {max_tokens: 8}
      """;

  @Test
  void trainingGoesOnFromAnotherModel() throws Exception {
    var trial = new StageTrial(folder);
    Checkpoint first = trial.train(new BaseStage(), "first", TINY);
    Recipe from = Recipe.parse(TINY.yaml().replace("from: null", "from: base/first/30"));

    Checkpoint second = trial.train(new BaseStage(), "second", from);

    assertThat(second.training().parent()).contains(first.id());
    assertThat((Double) second.training().metrics().get("validation_loss"))
        .isLessThan((Double) first.training().metrics().get("validation_loss"));
  }

  @Test
  void anImportedModelIsTakenAsItIsWhereThereAreNoSteps() throws Exception {
    var trial = new StageTrial(folder.resolve("home"));
    Checkpoint open =
        OpenModel.importTo(
            trial.store(), OpenModels.copy("sharded-bf16", folder), "open", Optional.empty());
    Recipe from = Recipe.parse(FROM_OPEN + "base: {steps: 0}");

    Checkpoint base = trial.train(new BaseStage(), "r", from);

    assertThat(base.id()).hasToString("base/r/0");
    assertThat(base.training().parent()).contains(open.id());
    for (String same :
        List.of("config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja")) {
      assertThat(Files.mismatch(base.file(same), open.file(same))).isEqualTo(-1);
    }
    assertThat(base.training().metrics()).containsKeys("recall", "gold");
  }

  @ParameterizedTest
  @ValueSource(strings = {"sharded-bf16", "qwen2"})
  void aFolderIsTakenAsAnImportTakesIt(String model) throws Exception {
    var trial = new StageTrial(folder.resolve("home"));
    Path open = OpenModels.copy(model, folder);
    Checkpoint imported = OpenModel.importTo(trial.store(), open, "open", Optional.empty());
    Recipe from =
        Recipe.parse(FROM_OPEN.replace("base/open/0", open.toString()) + "base: {steps: 0}");

    Checkpoint base = trial.train(new BaseStage(), "r", from);

    for (CheckpointFile file : imported.files()) {
      if (!file.name().equals(TrainingRecord.FILE)) {
        assertThat(Files.mismatch(base.file(file.name()), imported.file(file.name())))
            .as(file.name())
            .isEqualTo(-1);
      }
    }
    assertThat(base.training().metrics()).containsEntry("imported_from", open.toString());
    assertThat(base.training().origin()).isEqualTo("imported");
  }

  @Test
  void aStartingModelThatCannotGenerateIsRefusedBeforeItTrains() throws Exception {
    Path open = OpenModels.copy("qwen2", folder);
    Path config = open.resolve("config.json");
    Files.writeString(config, Files.readString(config).replaceFirst("\\{", "{\"head_dim\": 12,"));
    Recipe from =
        Recipe.parse(
            FROM_OPEN.replace("base/open/0", open.toString())
                + "base: {steps: 8, warmup_steps: 1}");

    assertThatThrownBy(
            () -> new StageTrial(folder.resolve("home")).train(new BaseStage(), "r", from))
        .isInstanceOf(QuartetException.class)
        .hasMessage(config + ": head_dim 12, expected a multiple of 16");
  }

  @Test
  void trainingGoesOnFromAnImportedModel() throws Exception {
    var trial = new StageTrial(folder.resolve("home"));
    Checkpoint open =
        OpenModel.importTo(
            trial.store(), OpenModels.copy("qwen2", folder), "open", Optional.empty());
    Recipe from = Recipe.parse(FROM_OPEN + "base: {steps: 8, sequence: 256, warmup_steps: 1}");

    Checkpoint base = trial.train(new BaseStage(), "r", from);

    assertThat(base.config()).isEqualTo(open.config());
    List<Double> losses = trial.losses();
    assertThat(losses.get(losses.size() - 1)).isLessThan(losses.get(0));
  }

  @Test
  void aContextThatTheImportedModelLacksIsRefused() {
    var trial = new StageTrial(folder.resolve("home"));
    OpenModel.importTo(trial.store(), OpenModels.copy("qwen2", folder), "open", Optional.empty());
    Recipe from = Recipe.parse(FROM_OPEN + "base: {steps: 8, sequence: 512, warmup_steps: 1}");

    assertThatThrownBy(() -> trial.train(new BaseStage(), "r", from))
        .isInstanceOf(QuartetException.class)
        .hasMessage("base.sequence: 512, expected at most the context of 'base/open/0', 256");
  }

  @Test
  void anUnknownStartingModelIsNotFound() {
    Recipe from = Recipe.parse(TINY.yaml().replace("from: null", "from: base/none/1"));

    assertThatThrownBy(() -> new StageTrial(folder).train(new BaseStage(), "r", from))
        .isInstanceOf(QuartetException.class)
        .hasMessage("no checkpoint 'base/none/1'");
  }
}
