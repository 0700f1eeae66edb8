package io.quartet.evaluation;

import io.quartet.datasets.GoldScore;

/** Answers made up for tests. */
final class Answers {
  private Answers() {}

  /** An answer of a truth and a manner of quarters. */
  static ScoredAnswer answer(String word, double manner, double truth) {
    return answer(word, manner, truth, 3);
  }

  static ScoredAnswer answer(String word, double manner, double truth, int length) {
    int points = (int) Math.round(manner * 4);
    return new ScoredAnswer(
        word,
        "define/" + word + "/0",
        new int[] {2, 7, 4, 3},
        new int[length],
        "the word " + word,
        points > 3,
        new GoldScore(
            points > 0 ? 1 : 0, points > 1 ? 1 : 0, points > 2 ? 1 : 0, points > 3 ? 1 : 0, truth));
  }

  static RewardedAnswer rewarded(String word, double manner, double truth, double reward) {
    return new RewardedAnswer(answer(word, manner, truth), reward);
  }
}
