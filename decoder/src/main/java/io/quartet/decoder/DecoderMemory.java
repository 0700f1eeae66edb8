package io.quartet.decoder;

import io.quartet.checkpoint.ModelConfig;
import java.util.Arrays;

/** What a decoder holds, from its sizes alone. */
public final class DecoderMemory {
  private static final long FP32 = 4;

  private DecoderMemory() {}

  /**
   * Bytes of the weights, as they are read and as ONNX Runtime lays them out, of the keys and
   * values of every slot at full context, or at the options' limit, and of one layer once more,
   * which is copied when the cache grows, of one layer's attention scores in the largest step, of a
   * step's logits in and out of the graph, and of the prefix cache, filled.
   */
  public static long of(ModelConfig config, DecoderOptions options) {
    long context = Math.min(config.contextLength(), options.contextLimit());
    int vocabulary = config.vocabularySize();
    long stepTokens = Math.max(PromptReader.ALONE, options.slots());
    return 2 * weights(config, options.precision())
        + options.slots() * context * KvCache.bytesPerPosition(config)
        + 2 * CacheTensor.bytes(config, options.slots(), context)
        + HeadBuffers.bytes(vocabulary, HeadBuffers.mostRows(vocabulary, options.slots()))
        + stepTokens * config.heads() * context * FP32
        + options.prefixCacheBytes();
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
