package io.quartet.reward;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.ArrayList;
import java.util.List;

/**
 * Answers to one prompt in the order that the labellers gave them: every two that are not rated the
 * same are a comparison. All of them go through the model in one batch (Ouyang et al. 2022, 3.5).
 *
 * @param sequences {@code [k][t]} whole sequences as the reward model reads them
 * @param ratings {@code [k]} the labellers' ratings, of which only the order counts
 */
record RatedAnswers(List<int[]> sequences, double[] ratings) {
  /** Ratings closer than this are the same. */
  static final double EQUAL = 1e-6;

  /** Validates that there is a rating for each. */
  RatedAnswers {
    if (sequences.size() != ratings.length) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "comparison: %d ratings, expected %d, one for each answer"
              .formatted(ratings.length, sequences.size()));
    }
  }

  /** Number of answers, k. */
  int size() {
    return ratings.length;
  }

  /** The comparisons: indices {@code {chosen, rejected}} of every pair that is not a tie. */
  List<int[]> pairs() {
    List<int[]> pairs = new ArrayList<>();
    for (int i = 0; i < ratings.length; i++) {
      for (int j = 0; j < ratings.length; j++) {
        if (ratings[i] > ratings[j] + EQUAL) {
          pairs.add(new int[] {i, j});
        }
      }
    }
    return pairs;
  }

  /** Whether there is anything to compare. */
  boolean ranked() {
    return !pairs().isEmpty();
  }
}
