package io.quartet.bench.gateway;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.BpeVocabulary;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.TensorSource;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.checkpoint.TrainingRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Checkpoints of shape S with random weights, and a tokenizer trained on this project's sources.
 */
final class Weights {
  /** S: vocabulary 4096, 6 layers, 384 wide, 6 heads, inner width 1024, context 1024. */
  static final ModelConfig SHAPE =
      new ModelConfig(
          Architecture.CAUSAL_LM, 4096, 384, 1024, 6, 6, 6, 64, 1024, 10_000, 1e-5, true, 0, 0, 5);

  private final CheckpointStore store;
  private final BpeVocabulary vocabulary;

  /**
   * @param sources a folder of Java sources to train the tokenizer on
   */
  Weights(CheckpointStore store, Path sources) {
    this.store = store;
    this.vocabulary = new BpeTrainer(SHAPE.vocabularySize()).train(texts(sources), Map.of());
  }

  /** Publishes weights; others for each id. */
  Checkpoint publish(CheckpointId id) {
    try (var pending = store.begin(id)) {
      Path directory = pending.directory();
      SHAPE.write(directory);
      new TrainingRecord("name: random\n", Optional.empty(), Map.of()).write(directory);
      TokenizerFiles.write(directory, vocabulary);
      var random = new SplittableRandom(id.step());
      List<TensorSource> tensors =
          SHAPE.tensorShapes().entrySet().stream()
              .map(shape -> tensor(shape.getKey(), shape.getValue(), random))
              .toList();
      Safetensors.write(directory.resolve(Checkpoint.WEIGHTS), Map.of("format", "pt"), tensors);
      return pending.publish();
    }
  }

  private static TensorSource tensor(String name, long[] shape, SplittableRandom random) {
    float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    for (int i = 0; i < values.length; i++) {
      values[i] = shape.length == 1 ? 1 : (float) (random.nextDouble(-1, 1) * 0.05);
    }
    return TensorSource.of(name, values, shape);
  }

  private static List<String> texts(Path sources) {
    try (var tree = Files.walk(sources)) {
      return tree.filter(path -> path.toString().endsWith(".java"))
          .sorted()
          .map(Weights::read)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
