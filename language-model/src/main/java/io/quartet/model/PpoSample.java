package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;

/**
 * A sampled answer with everything that PPO needs about it; arrays have one element for each token
 * of the answer.
 *
 * @param sequence prompt and answer; the answer's tokens are the targets
 * @param logProbs log-probabilities under the policy that sampled it
 * @param values the critic's values before the update
 * @param advantages what the tokens were better than expected, usually whitened
 * @param returns what the critic should have said
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record PpoSample(
    TokenSequence sequence, float[] logProbs, float[] values, float[] advantages, float[] returns) {
  /** Checks the lengths; INVALID_ARGUMENT names the array that differs. */
  public PpoSample {
    require("log-probs", logProbs, sequence.targets());
    require("values", values, sequence.targets());
    require("advantages", advantages, sequence.targets());
    require("returns", returns, sequence.targets());
  }

  private static void require(String what, float[] array, int expected) {
    if (array.length != expected) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "PPO sample: got %d %s, expected %d, one for each token of the answer"
              .formatted(array.length, what, expected));
    }
  }
}
