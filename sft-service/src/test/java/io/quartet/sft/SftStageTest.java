package io.quartet.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointFile;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.OpenModel;
import io.quartet.checkpoint.OpenModels;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.datasets.Corpus;
import io.quartet.model.CausalLm;
import io.quartet.model.ModelWeights;
import io.quartet.model.Precision;
import io.quartet.recipe.Recipe;
import io.quartet.service.StageTrial;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class SftStageTest {
  private static final Recipe TINY =
      Recipe.parse(
          Recipe.committedYaml("tiny")
              .replace("steps: 60", "steps: 15")
              .replace("snapshot_every: 20", "snapshot_every: 5"));

  static final List<String> FAMILIES = OpenModels.FAMILIES;

  @TempDir private Path folder;

  @Test
  void aTinyRunPublishesAMeasuredAssistantWithItsParent() throws Exception {
    var trial = new StageTrial(folder);
    Checkpoint base = untrainedBase(trial.store());

    Checkpoint sft = trial.train(new SftStage(), "r", TINY);

    assertThat(sft.id()).hasToString("sft/r/15");
    assertThat(sft.training().parent()).contains(base.id());
    assertThat(sft.files().stream().map(CheckpointFile::name))
        .contains("tokenizer.json", "tokenizer_config.json", "evaluation.jsonl");
    assertThat(sft.training().metrics())
        .containsKeys("validation_loss", "gold", "gold_parts", "greedy", "tokens", "seconds");
    assertThat(trial.reported().stream().map(StageTrial.Reported::phase).distinct())
        .containsExactly("reading demonstrations", "training", "measuring", "evaluating");
    double first = loss(trial.reported().get(1));
    double last = (Double) sft.training().metrics().get("validation_loss");
    assertThat(last).isLessThan(first);
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void anOpenModelLearnsInItsOwnChatFormat(String family) throws Exception {
    var trial = new StageTrial(folder.resolve("home"));
    Checkpoint open =
        OpenModel.importTo(trial.store(), OpenModels.copy(family, folder), "r", Optional.empty());
    Recipe recipe =
        Recipe.parse(
            """
            threads: 1
            precision: fp32
            data: {lessons: {words: 40, held_out: 0.2, without_demonstrations: 0.3}}
            model: {from: base/open/0}
            base: {steps: 0}
            sft: {steps: 8, sequence: 256, warmup_steps: 1, learning_rate: 0.003}
            evaluation: {max_tokens: 8}
            """);

    Checkpoint sft = trial.train(new SftStage(), "r", recipe);

    assertThat(sft.config()).isEqualTo(open.config());
    List<Double> losses = trial.losses();
    assertThat(losses.get(losses.size() - 1)).isLessThan(losses.get(0));
    assertThat(sft.training().metrics()).containsKey("gold");
    try (Tokenizer before = open.tokenizer();
        Tokenizer after = sft.tokenizer()) {
      Conversation question = Conversation.of(Message.user("why?"));
      assertThat(new ChatTemplate(after).prompt(question))
          .isEqualTo(new ChatTemplate(before).prompt(question));
    }
  }

  @Test
  void aStoppedRunEndsWithTheSameWeightsAsOneThatWasNot() throws Exception {
    var uninterrupted = new StageTrial(folder.resolve("whole"));
    untrainedBase(uninterrupted.store());
    Checkpoint whole = uninterrupted.train(new SftStage(), "r", TINY);

    Path home = folder.resolve("stopped");
    untrainedBase(new CheckpointStore(home));
    assertThatThrownBy(() -> new StageTrial(home).stopAt(7).train(new SftStage(), "r", TINY))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
    Checkpoint continued = new StageTrial(home).train(new SftStage(), "r", TINY);

    assertThat(Files.mismatch(continued.weights(), whole.weights())).isEqualTo(-1);
  }

  @Test
  void adaptersAloneAreTrainedPublishedAndResumed() throws Exception {
    Recipe lora =
        Recipe.parse(
            TINY.yaml()
                .replaceFirst(
                    "lora: null",
                    "lora: {rank: 4, alpha: 8, target_modules: [q_proj, v_proj, down_proj],"
                        + " dropout: 0.1}"));
    var uninterrupted = new StageTrial(folder.resolve("whole"));
    Checkpoint base = untrainedBase(uninterrupted.store());
    Checkpoint whole = uninterrupted.train(new SftStage(), "r", lora);

    Path home = folder.resolve("stopped");
    untrainedBase(new CheckpointStore(home));
    assertThatThrownBy(() -> new StageTrial(home).stopAt(7).train(new SftStage(), "r", lora))
        .isInstanceOf(QuartetException.class);
    Checkpoint continued = new StageTrial(home).train(new SftStage(), "r", lora);

    assertThat(Files.mismatch(continued.file(Adapter.WEIGHTS), whole.file(Adapter.WEIGHTS)))
        .isEqualTo(-1);
    assertThat(whole.adapter()).contains(Adapter.on(base, lora.lora().orElseThrow().config()));
    assertThat(whole.files()).extracting(CheckpointFile::name).doesNotContain(Checkpoint.WEIGHTS);
    assertThat(Files.mismatch(whole.weights(), base.weights())).isNotEqualTo(-1);
    var metrics = whole.training().metrics();
    assertThat((Long) metrics.get("trained_parameters"))
        .isPositive()
        .isLessThan((Long) metrics.get("parameters") / 10);
    assertThat((Double) metrics.get("validation_loss"))
        .isLessThan(loss(uninterrupted.reported().get(1)));
    assertThat(metrics).containsKeys("gold", "greedy");
  }

  @Test
  void aBadRowNamesFileLineAndReason() throws Exception {
    Path file = folder.resolve("own.jsonl");
    Files.writeString(
        file,
        """
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}
        {"messages": []}
        """);
    Recipe recipe =
        Recipe.parse(TINY.yaml().replace("demonstrations: []", "demonstrations: ['" + file + "']"));
    var trial = new StageTrial(folder);
    untrainedBase(trial.store());

    assertThatThrownBy(() -> trial.train(new SftStage(), "r", recipe))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessageStartingWith(file + ":2: ");
  }

  @Test
  void badRowsUnderTheLimitAreSkippedAndTheFilesAreInTheRecord() throws Exception {
    Path alpaca = folder.resolve("alpaca.json");
    Files.writeString(
        alpaca,
        """
        [
          {"instruction": "greet", "input": "", "output": "hello"},
          {"instruction": "greet", "input": "", "output": ""},
          {"instruction": "greet", "input": "", "output": "hello"}
        ]
        """);
    Path chats = folder.resolve("chats.jsonl");
    Files.writeString(
        chats,
        """
        {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]}
        """);
    Path documents = folder.resolve("own.txt");
    Files.writeString(documents, "the word hello is a greeting. ".repeat(200));
    Recipe recipe =
        Recipe.parse(
            TINY.yaml()
                .replace("demonstrations: []", "demonstrations: ['" + folder + "/*.json*']")
                .replace("documents: []", "documents: ['" + documents + "']")
                .replace("bad_rows: 0", "bad_rows: 1"));
    var trial = new StageTrial(folder);
    untrainedBase(trial.store());

    Checkpoint sft = trial.train(new SftStage(), "r", recipe);

    assertThat(sft.training().metrics().get("data"))
        .isEqualTo(
            Map.of(
                "demonstrations",
                Map.of(
                    alpaca.toString(),
                    Map.of("shape", "alpaca", "rows", 3L, "bad", 1L, "duplicates", 1L),
                    chats.toString(),
                    Map.of("shape", "sharegpt", "rows", 1L, "bad", 0L, "duplicates", 0L))));
  }

  private static double loss(StageTrial.Reported reported) {
    return reported.metrics().getOrDefault("loss", Double.NaN);
  }

  /** A base checkpoint as the base service would publish it, but for its training. */
  private static Checkpoint untrainedBase(CheckpointStore store) {
    Corpus corpus = Corpus.of(TINY);
    try (var pending = store.begin(new CheckpointId(Stage.BASE, "r", 30))) {
      Path files = pending.directory();
      TokenizerFiles.write(
          files,
          new BpeTrainer(TINY.data().tokenizer().vocabulary())
              .train(corpus.tokenizerTexts(), corpus.tokenizerBoosts()));
      try (Tokenizer tokenizer = Tokenizer.load(files)) {
        ModelConfig config = TINY.model().config(tokenizer.vocabularySize());
        config.write(files);
        ModelWeights.save(
            new CausalLm(config, Precision.FP32, 1), files.resolve(Checkpoint.WEIGHTS));
      }
      new TrainingRecord(TINY.yaml(), Optional.empty(), Map.of()).write(files);
      return pending.publish();
    }
  }
}
