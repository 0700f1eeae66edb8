package io.quartet.decoder;

import io.quartet.checkpoint.ModelConfig;
import java.util.Arrays;

/** What a decoder holds, from its sizes alone. */
public final class DecoderMemory {
  private static final long FP32 = 4;

  private DecoderMemory() {}

  /** At {@link Precision#FP32}; see {@link #of(ModelConfig, int, Precision)}. */
  public static long of(ModelConfig config, int slots) {
    return of(config, slots, Precision.FP32);
  }

  /** The same with the prefix cache, filled. */
  public static long of(ModelConfig config, DecoderOptions options) {
    return of(config, options.slots(), options.precision()) + options.prefixCacheBytes();
  }

  /**
   * Bytes of the weights, as they are read and as ONNX Runtime lays them out, of the keys and
   * values of every slot at full context, and of a step's logits in and out of the graph.
   */
  public static long of(ModelConfig config, int slots, Precision precision) {
    long keys = (long) config.keyValueHeads() * config.headDimension();
    long cache = 2L * config.layers() * keys * config.contextLength();
    return 2 * weights(config, precision) + FP32 * slots * (cache + 3L * config.vocabularySize());
  }

  /**
   * Bytes of the weights, each counted once: what a step reads of a model with a tied embedding.
   */
  public static long weights(ModelConfig config, Precision precision) {
    return config.tensorShapes().entrySet().stream()
        .mapToLong(tensor -> bytes(tensor.getKey(), tensor.getValue(), precision))
        .sum();
  }

  private static long bytes(String name, long[] shape, Precision precision) {
    long elements = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    return Weights.format(name, precision)
        .map(format -> format.bytes(shape[0], (int) shape[1]))
        .orElse(FP32 * elements);
  }
}
