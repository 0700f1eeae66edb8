package io.quartet.datasets;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Compares two answers to one question by the written {@link #instructions}. People compare better
 * than they write: a labeller who looks the word up in WordNet needs no talent to see which of two
 * answers is right.
 */
public final class Labeller {
  // Below this the difference is rounding.
  private static final double EQUAL = 1e-6;

  private Labeller() {}

  /** Which of two answers to "what does … mean?" the instructions prefer. */
  public static Preference compare(Word word, Answer first, Answer second) {
    double difference = rating(word, first) - rating(word, second);
    if (Math.abs(difference) < EQUAL) {
      return Preference.NEITHER;
    }
    return difference > 0 ? Preference.FIRST : Preference.SECOND;
  }

  /** The instructions that labellers follow, as they read them. */
  public static String instructions() {
    try (InputStream text = Labeller.class.getResourceAsStream("labelling-instructions.txt")) {
      return new String(Objects.requireNonNull(text).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Four points of manner and four of meaning, as a share; only the order of two counts. */
  public static double rating(Word word, Answer answer) {
    return GoldScorer.score(word, answer.text(), answer.ended()).mean();
  }
}
