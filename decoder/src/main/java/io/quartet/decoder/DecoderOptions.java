package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;

/**
 * How much of the machine a decoder takes.
 *
 * @param slots the most answers that grow at the same time, 1 to 1024
 * @param threads of computation, 1 or more
 * @param precision what matrices are held in
 */
public record DecoderOptions(int slots, int threads, Precision precision) {
  /** At {@link Precision#FP32}. */
  public DecoderOptions(int slots, int threads) {
    this(slots, threads, Precision.FP32);
  }

  /** Checks the numbers; INVALID_ARGUMENT. */
  public DecoderOptions {
    if (slots < 1 || slots > DecoderSession.MAX_STEP_TOKENS) {
      throw invalid("slots", slots, "1 to " + DecoderSession.MAX_STEP_TOKENS);
    }
    if (threads < 1) {
      throw invalid("threads", threads, "1 or more");
    }
  }

  private static QuartetException invalid(String what, int found, String expected) {
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT, "decoder: %s %d, expected %s".formatted(what, found, expected));
  }
}
