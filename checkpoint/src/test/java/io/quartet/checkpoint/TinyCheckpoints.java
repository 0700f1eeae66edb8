package io.quartet.checkpoint;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** Small whole checkpoints for tests. */
public final class TinyCheckpoints {
  /** A causal model of 64 tokens, 2 layers, 16 wide, 4 heads of which 2 hold keys. */
  public static final ModelConfig CONFIG =
      new ModelConfig(
          Architecture.CAUSAL_LM, 64, 16, 24, 2, 4, 2, 4, 32, 10_000, 1e-5, true, 0, 0, 5);

  private TinyCheckpoints() {}

  /** Publishes a checkpoint with random weights, the same for the same seed. */
  public static Checkpoint publish(CheckpointStore store, CheckpointId id, long seed) {
    try (PendingCheckpoint pending = store.begin(id)) {
      write(pending.directory(), CONFIG, seed);
      return pending.publish();
    }
  }

  /** Writes config.json, training.json and random weights into a folder. */
  public static void write(Path directory, ModelConfig config, long seed) {
    config.write(directory);
    new TrainingRecord("name: tiny\n", Optional.empty(), Map.of("loss", 4.2)).write(directory);
    var random = new SplittableRandom(seed);
    Safetensors.write(
        directory.resolve(Checkpoint.WEIGHTS),
        Map.of("format", "pt"),
        config.tensorShapes().entrySet().stream()
            .map(
                tensor -> {
                  float[] values = new float[(int) Safetensors.elements(tensor.getValue())];
                  for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (random.nextDouble() * 0.2 - 0.1);
                  }
                  return TensorSource.of(tensor.getKey(), values, tensor.getValue());
                })
            .toList());
  }
}
