package io.quartet.evaluation;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.TensorSource;
import io.quartet.checkpoint.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A real model whose next token hangs on the last one alone: one-hot embeddings, blocks that add
 * nothing, and an output matrix that is the table of successors.
 */
final class BigramModel {
  private final ModelConfig config;
  private final float[] output;

  private BigramModel(ModelConfig config, float[] output) {
    this.config = config;
    this.output = output;
  }

  /** Every successor about as likely as any other. */
  static BigramModel random(Tokenizer tokenizer, long seed) {
    int size = tokenizer.vocabularySize();
    Random random = new Random(seed);
    float[] output = new float[size * size];
    for (int i = 0; i < output.length; i++) {
      output[i] = (float) (0.05 * random.nextGaussian());
    }
    return new BigramModel(config(size), output);
  }

  /** Certain that each of these tokens follows the one before it. */
  static BigramModel reciting(Tokenizer tokenizer, List<int[]> chains) {
    int size = tokenizer.vocabularySize();
    float[] output = new float[size * size];
    for (int[] chain : chains) {
      for (int i = 1; i < chain.length; i++) {
        output[chain[i] * size + chain[i - 1]] = 10;
      }
    }
    return new BigramModel(config(size), output);
  }

  /** Writes configuration and weights into a folder. */
  void write(Path directory) {
    config.write(directory);
    List<TensorSource> tensors = new ArrayList<>();
    config.tensorShapes().forEach((name, shape) -> tensors.add(tensor(name, shape)));
    Safetensors.write(directory.resolve(Checkpoint.WEIGHTS), Map.of("format", "pt"), tensors);
  }

  private TensorSource tensor(String name, long... shape) {
    if (name.equals("lm_head.weight")) {
      return TensorSource.of(name, output, shape);
    }
    int size = 1;
    for (long side : shape) {
      size *= (int) side;
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      boolean identity = name.contains("embed_tokens") && i % (shape[1] + 1) == 0;
      values[i] = shape.length == 1 || identity ? 1 : 0;
    }
    return TensorSource.of(name, values, shape);
  }

  private static ModelConfig config(int size) {
    return new ModelConfig(
        Architecture.CAUSAL_LM, size, size, 8, 1, 2, 2, 16, 160, 10_000, 1e-5, false, 0, 0, 5);
  }
}
