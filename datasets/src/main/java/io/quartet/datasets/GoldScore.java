package io.quartet.datasets;

/**
 * How good an answer to a {@link Task#DEFINE} question is, each part from 0 to 1. For evaluation
 * only: no policy is trained on it, but for the control run that separates a weak reward model from
 * a weak optimiser.
 *
 * @param named 1 if it begins by naming the word
 * @param partOfSpeech 1 if it gives the right part of speech
 * @param nothingMore 1 if it is one statement of the part of speech, one of the meaning, no more
 * @param ends 1 if it ends by itself
 * @param truth token F1 of the meaning that it gives with the true gloss
 */
public record GoldScore(
    double named, double partOfSpeech, double nothingMore, double ends, double truth) {
  /** Validates the range. */
  public GoldScore {
    check("named", named);
    check("partOfSpeech", partOfSpeech);
    check("nothingMore", nothingMore);
    check("ends", ends);
    check("truth", truth);
  }

  /** The mean of the four parts that fine-tuning can teach. */
  public double manner() {
    return (named + partOfSpeech + nothingMore + ends) / 4;
  }

  /** The mean of {@link #manner} and {@link #truth}: the gold score of all reports. */
  public double mean() {
    return (manner() + truth) / 2;
  }

  private static void check(String part, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "gold score: %s is %s, expected 0 to 1".formatted(part, value));
    }
  }
}
