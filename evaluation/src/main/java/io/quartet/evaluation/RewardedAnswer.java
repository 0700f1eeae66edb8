package io.quartet.evaluation;

import java.util.List;
import java.util.stream.IntStream;

/** An answer and what a reward model gives for it. */
public record RewardedAnswer(ScoredAnswer answer, double reward) {

  /**
   * Joins answers with their rewards.
   *
   * @throws IllegalArgumentException if there are not as many of one as of the other
   */
  public static List<RewardedAnswer> of(List<ScoredAnswer> answers, float... rewards) {
    if (answers.size() != rewards.length) {
      throw new IllegalArgumentException(
          "rewards: got %d, expected %d, one for each answer"
              .formatted(rewards.length, answers.size()));
    }
    return IntStream.range(0, rewards.length)
        .mapToObj(i -> new RewardedAnswer(answers.get(i), rewards[i]))
        .toList();
  }
}
