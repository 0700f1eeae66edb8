package io.quartet.datasets;

import io.quartet.checkpoint.Conversation;
import java.util.List;

/**
 * Answers to one prompt that people ranked: every two of different score are a comparison.
 *
 * @param prompt the conversation up to the answers
 * @param answers two or more
 * @param scores one for each answer, of which only the order counts
 */
public record Ranking(Conversation prompt, List<String> answers, List<Double> scores) {
  /** Validates that there is something to compare. */
  public Ranking {
    answers = List.copyOf(answers);
    scores = List.copyOf(scores);
    if (answers.size() < 2 || answers.size() != scores.size()) {
      throw new IllegalArgumentException(
          "ranking: got %d answers with %d scores, expected two or more with one each"
              .formatted(answers.size(), scores.size()));
    }
  }

  /** Two answers, the better one first. */
  static Ranking pair(Conversation prompt, String chosen, String rejected) {
    return of(prompt, List.of(chosen, rejected), List.of(1.0, 0.0));
  }

  static Ranking of(Conversation prompt, List<String> answers, List<Double> scores) {
    if (answers.size() < 2) {
      throw new BadRow("'answers': got %d of them, expected two or more", answers.size());
    }
    if (scores.stream().distinct().count() < 2) {
      throw new BadRow("every answer has the score %s, expected two that differ", scores.get(0));
    }
    return new Ranking(prompt, answers, scores);
  }
}
