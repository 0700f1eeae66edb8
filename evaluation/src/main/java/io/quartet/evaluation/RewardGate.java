package io.quartet.evaluation;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.Locale;

/**
 * Stands before RL: a reward model whose best of n is no better than any answer would only be
 * fooled.
 */
public final class RewardGate {
  private RewardGate() {}

  /**
   * Lets a reward model pass that raises the gold score on held-out words.
   *
   * @throws QuartetException FAILED_PRECONDITION with the gain and its interval if that is not
   *     above zero
   */
  public static void check(BestOfN bestOfN) {
    Interval gain = bestOfN.gold().gain();
    if (!gain.above(0)) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          String.format(
              Locale.ROOT,
              "reward model: best of %d changes the gold score on %d held-out words by %+.3f"
                  + " (95 %% interval %+.3f to %+.3f), expected an interval above zero:"
                  + " RL would only learn to fool it",
              bestOfN.n(),
              gain.clusters(),
              gain.mean(),
              gain.low(),
              gain.high()));
    }
  }
}
