package io.quartet.decoder;

import io.quartet.checkpoint.QuartetException;

/**
 * Hears of an answer as it grows. It is called on the thread that computes everybody's answers: it
 * must not block, and hands work over to its own thread. What it throws ends its answer alone.
 */
@FunctionalInterface
public interface TokenListener {
  /**
   * A token came.
   *
   * @param tokenId the token, also a stop token
   * @param logProb in nats, as {@link Generation#logProbs}
   */
  void token(int tokenId, float logProb);

  /** The answer is whole; nothing more comes. */
  default void finished(Generation generation) {}

  /** The answer failed; nothing more comes. */
  default void failed(QuartetException failure) {}
}
