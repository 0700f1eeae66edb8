package io.quartet.decoder;

import io.quartet.checkpoint.ModelConfig;

/** What a decoder holds, from its sizes alone. */
public final class DecoderMemory {
  private static final long FP32 = 4;

  private DecoderMemory() {}

  /**
   * Bytes of the weights, as the file is mapped and as ONNX Runtime lays them out, of the keys and
   * values of every slot at full context, and of a step's logits in and out of the graph.
   */
  public static long of(ModelConfig config, int slots) {
    long keys = (long) config.keyValueHeads() * config.headDimension();
    long cache = 2L * config.layers() * keys * config.contextLength();
    return FP32 * (2 * config.parameters() + slots * (cache + 2L * config.vocabularySize()));
  }
}
