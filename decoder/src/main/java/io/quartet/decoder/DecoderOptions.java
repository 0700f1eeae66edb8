package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;

/**
 * How much of the machine a decoder takes.
 *
 * @param slots the most answers that grow at the same time, 1 to 1024
 * @param threads of computation, 1 or more
 * @param precision what matrices are held in
 * @param prefixCacheBytes for keys and values of prompts that were read, so that what begins like
 *     them is not computed again; 0 keeps none
 * @param dedicatedCores whether nobody else lives on these cores: the threads then wait for their
 *     next piece of a step awake, which is faster there and starves others elsewhere
 * @param contextLimit the most tokens of a prompt and its answer, 1 or more, where the model would
 *     take more
 */
public record DecoderOptions(
    int slots,
    int threads,
    Precision precision,
    long prefixCacheBytes,
    boolean dedicatedCores,
    int contextLimit) {
  /** At the model's whole context. */
  public DecoderOptions(
      int slots, int threads, Precision precision, long prefixCacheBytes, boolean dedicatedCores) {
    this(slots, threads, precision, prefixCacheBytes, dedicatedCores, Integer.MAX_VALUE);
  }

  /** At {@link Precision#FP32}, without a prefix cache. */
  public DecoderOptions(int slots, int threads) {
    this(slots, threads, Precision.FP32);
  }

  /** Without a prefix cache. */
  public DecoderOptions(int slots, int threads, Precision precision) {
    this(slots, threads, precision, 0, false);
  }

  /** Checks the numbers; INVALID_ARGUMENT. */
  public DecoderOptions {
    if (slots < 1 || slots > DecoderSession.MAX_STEP_TOKENS) {
      throw invalid("slots", slots, "1 to " + DecoderSession.MAX_STEP_TOKENS);
    }
    if (threads < 1) {
      throw invalid("threads", threads, "1 or more");
    }
    if (prefixCacheBytes < 0) {
      throw invalid("prefix cache bytes", prefixCacheBytes, "0 or more");
    }
    if (contextLimit < 1) {
      throw invalid("context limit", contextLimit, "1 or more");
    }
  }

  /** The same with so many bytes of prefix cache. */
  public DecoderOptions withPrefixCache(long bytes) {
    return new DecoderOptions(slots, threads, precision, bytes, dedicatedCores, contextLimit);
  }

  /** The same on cores of its own, or not. */
  public DecoderOptions onDedicatedCores(boolean dedicated) {
    return new DecoderOptions(slots, threads, precision, prefixCacheBytes, dedicated, contextLimit);
  }

  /** The same with no more than so many tokens of context. */
  public DecoderOptions withContextLimit(int tokens) {
    return new DecoderOptions(slots, threads, precision, prefixCacheBytes, dedicatedCores, tokens);
  }

  private static QuartetException invalid(String what, long found, String expected) {
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT, "decoder: %s %d, expected %s".formatted(what, found, expected));
  }
}
