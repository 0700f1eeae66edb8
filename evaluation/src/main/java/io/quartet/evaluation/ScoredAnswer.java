package io.quartet.evaluation;

import io.quartet.datasets.GoldScore;
import java.util.Arrays;
import java.util.Objects;

/**
 * What a model said to a question about a word, and how good that was. The tokens are the model's
 * own: whoever scores the answer again need not tokenise its text.
 *
 * @param word the lemma that was asked about
 * @param question the question's id, as {@code define/person/0}
 * @param promptIds the tokens that the model continued
 * @param answerIds the tokens that it generated, with the stop token if one came
 * @param answer their text, without special tokens
 * @param ended whether the answer ended by itself
 */
@SuppressWarnings("ArrayRecordComponent") // handed over without a copy; equality is by content
public record ScoredAnswer(
    String word,
    String question,
    int[] promptIds,
    int[] answerIds,
    String answer,
    boolean ended,
    GoldScore score) {

  /** Prompt and answer in one sequence. */
  public int[] sequence() {
    int[] sequence = Arrays.copyOf(promptIds, promptIds.length + answerIds.length);
    System.arraycopy(answerIds, 0, sequence, promptIds.length, answerIds.length);
    return sequence;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ScoredAnswer that
        && word.equals(that.word)
        && question.equals(that.question)
        && Arrays.equals(promptIds, that.promptIds)
        && Arrays.equals(answerIds, that.answerIds)
        && answer.equals(that.answer)
        && ended == that.ended
        && score.equals(that.score);
  }

  @Override
  public int hashCode() {
    return Objects.hash(word, question, Arrays.hashCode(answerIds));
  }

  @Override
  public String toString() {
    return "%s: '%s'%s %.3f".formatted(question, answer, ended ? "" : " …", score.mean());
  }
}
