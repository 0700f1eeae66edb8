package io.quartet.rl.learner;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.Map;

/**
 * Stops a run whose reward model does not pick better answers on held-out words: RL would only
 * learn to fool it (Gao et al. 2023 on over-optimisation).
 */
final class Gate {
  private Gate() {}

  /**
   * Looks at best-of-n by the reward model, as its stage measured it; where there is no gold score
   * it measured none, and nothing is stopped.
   *
   * @param n answers to choose from
   * @throws QuartetException FAILED_PRECONDITION if the 95 % interval of its gain in gold score
   *     over the mean sample is not above zero
   */
  static void check(Checkpoint reward, int n) {
    if (reward.training().metrics().get("best_of_" + n) instanceof Map<?, ?> best
        && best.get("gold") instanceof Map<?, ?> gold
        && gold.get("gain") instanceof Map<?, ?> change
        && change.get("mean") instanceof Number gain
        && change.get("low") instanceof Number low
        && change.get("high") instanceof Number high) {
      if (low.doubleValue() <= 0) {
        throw new QuartetException(
            ErrorCode.FAILED_PRECONDITION,
            ("reward model '%s': best of %d on held-out words gains %+.3f [%+.3f, %+.3f] in gold"
                    + " score, expected an interval above 0; RL would only learn to fool it")
                .formatted(
                    reward.id(), n, gain.doubleValue(), low.doubleValue(), high.doubleValue()));
      }
    }
  }
}
