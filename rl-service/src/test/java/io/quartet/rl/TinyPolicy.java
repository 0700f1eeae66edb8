package io.quartet.rl;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.PendingCheckpoint;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.model.CausalLm;
import io.quartet.model.ModelWeights;
import io.quartet.model.Precision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Untrained policies of two layers. */
public final class TinyPolicy {
  private TinyPolicy() {}

  /** Publishes one; the same weights for the same seed. */
  public static Checkpoint publish(CheckpointStore store, String id, long seed) {
    try (PendingCheckpoint pending = store.begin(CheckpointId.parse(id))) {
      Path files = pending.directory();
      TokenizerFiles.write(
          files, new BpeTrainer(270).train(List.of("the cat sat on the mat".repeat(9)), Map.of()));
      // As open models have it, in a file of its own.
      Files.writeString(files.resolve("chat_template.jinja"), ChatTemplate.JINJA);
      try (Tokenizer tokenizer = Tokenizer.load(files)) {
        var config =
            new ModelConfig(
                Architecture.CAUSAL_LM,
                tokenizer.vocabularySize(),
                32,
                48,
                2,
                2,
                2,
                16,
                32,
                10_000,
                1e-5,
                true,
                0,
                0,
                5);
        config.write(files);
        ModelWeights.save(
            new CausalLm(config, Precision.FP32, seed), files.resolve(Checkpoint.WEIGHTS));
      }
      new TrainingRecord("name: tiny\n", Optional.empty(), Map.of()).write(files);
      return pending.publish();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
