package io.quartet.evaluation;

import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.WordNetLessons;
import io.quartet.decoder.DecoderEngine;
import java.util.List;

/** A model's answers about the held-out words: what every stage is measured by. */
public final class HeldOutAnswers {
  private HeldOutAnswers() {}

  /**
   * Asks about every held-out word, in the chat format.
   *
   * @param perWord answers about each word
   * @param temperature 0 for the likeliest answer
   * @param maxTokens longest answer
   * @return the answers word by word, in the order of {@link WordNetLessons#heldOutQuestions}
   */
  public static List<ScoredAnswer> sample(
      DecoderEngine engine,
      Tokenizer tokenizer,
      WordNetLessons lessons,
      int perWord,
      double temperature,
      int maxTokens,
      long seed) {
    return new AnswerSampler(engine, tokenizer, maxTokens)
        .chat(lessons.heldOutQuestions(), perWord, temperature, seed);
  }
}
