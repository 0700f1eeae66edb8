package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.Arrays;

/**
 * One answer.
 *
 * @param tokenIds the generated tokens, without the prompt; with the stop token if one came
 * @param logProbs each token's log-probability in nats under the model alone: at temperature 1 and
 *     before any filter
 * @param finishReason why it ended
 * @param weights the name of the weights that made it: the checkpoint's id, or its folder
 */
@SuppressWarnings("ArrayRecordComponent") // handed over without a copy; equality is by content
public record Generation(
    int[] tokenIds, float[] logProbs, FinishReason finishReason, String weights) {
  /** Checks that every token has its log-probability. */
  public Generation {
    if (tokenIds.length != logProbs.length) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "generation: %d log-probabilities, expected %d, one for each token"
              .formatted(logProbs.length, tokenIds.length));
    }
  }

  /** The sum of the log-probabilities: log p(answer | prompt), in nats. */
  public double logProb() {
    double sum = 0;
    for (float logProb : logProbs) {
      sum += logProb;
    }
    return sum;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Generation that
        && Arrays.equals(tokenIds, that.tokenIds)
        && Arrays.equals(logProbs, that.logProbs)
        && finishReason == that.finishReason
        && weights.equals(that.weights);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(tokenIds);
  }

  @Override
  public String toString() {
    return "%s %s by %s".formatted(finishReason, Arrays.toString(tokenIds), weights);
  }
}
