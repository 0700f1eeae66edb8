package io.quartet.reward;

import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.PendingCheckpoint;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.datasets.Corpus;
import io.quartet.model.CausalLm;
import io.quartet.model.ModelWeights;
import io.quartet.model.Precision;
import io.quartet.recipe.Recipe;
import io.quartet.reward.RewardScorer.RewardScale;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The models of the run "r" as their services would publish them, but for their training. */
final class UntrainedModels {
  static final Recipe TINY = Recipe.committed("tiny");
  static final RewardScale SCALE = new RewardScale(0.5, 0.25, 12);

  /** Token ids of the models that their tokenizer has not. */
  static final int SPARE_ROWS = 8;

  private final CheckpointStore store;

  UntrainedModels(CheckpointStore store) {
    this.store = store;
  }

  Checkpoint base() {
    Corpus corpus = Corpus.of(TINY);
    try (PendingCheckpoint pending = store.begin(new CheckpointId(Stage.BASE, "r", 30))) {
      Path files = pending.directory();
      TokenizerFiles.write(
          files,
          new BpeTrainer(TINY.data().tokenizer().vocabulary())
              .train(corpus.tokenizerTexts(), corpus.tokenizerBoosts()));
      try (Tokenizer tokenizer = Tokenizer.load(files)) {
        // As open models have it: more rows in the embedding than tokens.
        writeCausalLm(files, TINY.model().config(tokenizer.vocabularySize() + SPARE_ROWS), 1);
      }
      new TrainingRecord(TINY.yaml(), Optional.empty(), Map.of()).write(files);
      return pending.publish();
    }
  }

  Checkpoint sft(Checkpoint base) {
    try (PendingCheckpoint pending = store.begin(new CheckpointId(Stage.SFT, "r", 15))) {
      Path files = pending.directory();
      TokenizerFiles.copy(base.directory(), files);
      writeCausalLm(files, base.config(), 2);
      new TrainingRecord(TINY.yaml(), Optional.of(base.id()), Map.of()).write(files);
      return pending.publish();
    }
  }

  Checkpoint reward(Checkpoint base) {
    try (PendingCheckpoint pending = store.begin(new CheckpointId(Stage.REWARD, "r", 10))) {
      Path files = pending.directory();
      TokenizerFiles.copy(base.directory(), files);
      var model =
          ModelWeights.rewardModelFromTrunk(base.config(), Precision.FP32, base.weights(), 3);
      model.config().write(files);
      ModelWeights.save(model, files.resolve(Checkpoint.WEIGHTS));
      new TrainingRecord(TINY.yaml(), Optional.of(base.id()), SCALE.entry()).write(files);
      return pending.publish();
    }
  }

  private static void writeCausalLm(Path files, ModelConfig config, long seed) {
    config.write(files);
    ModelWeights.save(
        new CausalLm(config, Precision.FP32, seed), files.resolve(Checkpoint.WEIGHTS));
  }
}
