package io.quartet.datasets;

import java.util.List;

/**
 * Answers to one question, in no order: a labeller ranks them, and every pair of different rank is
 * a comparison.
 *
 * @param answers two at least
 */
public record AnswerSet(Question question, List<Answer> answers) {
  /** Validates that there is something to compare. */
  public AnswerSet {
    answers = List.copyOf(answers);
    if (answers.size() < 2) {
      throw new IllegalArgumentException(
          "answer set of '%s': got %d answers, expected two at least"
              .formatted(question.id(), answers.size()));
    }
  }
}
