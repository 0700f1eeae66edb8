package io.quartet.decoder;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.BpeVocabulary;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.DataType;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.TensorSource;
import io.quartet.checkpoint.TokenizerFiles;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Small models with random weights, written as Hugging Face folders. */
final class TestModel {
  /** Grouped queries, tied embeddings, and no two sizes alike. */
  static final ModelConfig GROUPED =
      new ModelConfig(
          Architecture.CAUSAL_LM, 97, 48, 80, 3, 6, 2, 16, 320, 10_000, 1e-5, true, 0, 0, 5);

  private TestModel() {}

  static ModelConfig vocabulary(ModelConfig like, int size) {
    return new ModelConfig(
        like.architecture(),
        size,
        like.hiddenSize(),
        like.intermediateSize(),
        like.layers(),
        like.heads(),
        like.keyValueHeads(),
        like.headDimension(),
        like.contextLength(),
        like.ropeTheta(),
        like.rmsNormEpsilon(),
        like.tiedEmbeddings(),
        0,
        0,
        5);
  }

  /** The same with a head of its own and another rotary base. */
  static ModelConfig untied(ModelConfig like, int keyValueHeads) {
    return new ModelConfig(
        like.architecture(),
        like.vocabularySize(),
        like.hiddenSize(),
        like.intermediateSize(),
        like.layers(),
        like.heads(),
        keyValueHeads,
        like.headDimension(),
        like.contextLength(),
        500_000,
        1e-6,
        false,
        0,
        0,
        5);
  }

  static Path write(Path directory, ModelConfig config, long seed) {
    return write(directory, config, seed, DataType.F32);
  }

  static Path write(Path directory, ModelConfig config, long seed, DataType dataType) {
    var random = new Random(seed);
    List<TensorSource> tensors = new ArrayList<>();
    config
        .tensorShapes()
        .forEach((name, shape) -> tensors.add(source(name, shape, dataType, random)));
    directory.toFile().mkdirs();
    config.write(directory);
    Safetensors.write(directory.resolve(Checkpoint.WEIGHTS), Map.of("format", "pt"), tensors);
    return directory;
  }

  /** A tokenizer that knows single bytes only. */
  static void writeTokenizer(Path directory) {
    TokenizerFiles.write(directory, new BpeVocabulary(List.of()));
  }

  /** Token ids drawn evenly from the vocabulary. */
  static int[] tokens(ModelConfig config, int length, long seed) {
    return new Random(seed).ints(length, 1, config.vocabularySize()).toArray();
  }

  private static TensorSource source(String name, long[] shape, DataType dataType, Random random) {
    int elements = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    double scale = name.contains("embed") ? 0.7 : 1.3 / Math.sqrt(shape[shape.length - 1]);
    float[] values = new float[elements];
    for (int i = 0; i < elements; i++) {
      double gaussian = random.nextGaussian();
      values[i] = (float) (shape.length == 1 ? 1 + 0.2 * gaussian : scale * gaussian);
    }
    if (dataType == DataType.F32) {
      return TensorSource.of(name, values, shape);
    }
    ByteBuffer halves = ByteBuffer.allocate(2 * elements).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      halves.putShort((short) (Float.floatToRawIntBits(value) >>> 16)); // bfloat16, truncated
    }
    return TensorSource.of(name, DataType.BF16, halves.flip(), shape);
  }
}
