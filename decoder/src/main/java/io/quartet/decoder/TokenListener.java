package io.quartet.decoder;

import io.quartet.checkpoint.QuartetException;
import java.util.List;

/**
 * Hears of an answer as it grows. It is called on the thread that computes everybody's answers: it
 * must not block, and hands work over to its own thread. What it throws ends its answer alone.
 */
@FunctionalInterface
public interface TokenListener {
  /** A token came, perhaps one that ends the answer. */
  void token(ScoredToken token);

  /**
   * The prompt was scored, which {@link SamplingParams#promptLogProbs} asks for; comes before the
   * first token.
   *
   * @param prompt the prompt's tokens from the second on; nothing comes before the first
   */
  default void prompt(List<ScoredToken> prompt) {}

  /** The answer is whole; nothing more comes. */
  default void finished(Generation generation) {}

  /** The answer failed; nothing more comes. */
  default void failed(QuartetException failure) {}
}
