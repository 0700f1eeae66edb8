package io.quartet.recipe;

/**
 * A closed vocabulary of WordNet's most frequent words in three splits: A with demonstrations, B
 * without, C held out of everything but the base corpus.
 *
 * @param words size of the vocabulary
 * @param withoutDemonstrations share of the words in split B
 * @param heldOut share of the words in split C
 */
public record LessonsSection(
    int words, double withoutDemonstrations, double heldOut, Habits habits) {
  /** Validates the sizes. */
  public LessonsSection {
    Check.between("words", words, 20, 20_000);
    Check.between("without_demonstrations", withoutDemonstrations, 0, 0.9);
    Check.between("held_out", heldOut, 0.01, 0.5);
    Check.holds(
        withoutDemonstrations + heldOut <= 0.95,
        "without_demonstrations",
        withoutDemonstrations,
        "at most 0.95 together with held_out " + heldOut);
  }

  /**
   * How demonstrators answer: each a share, together 1.
   *
   * @param ideal as the labelling instructions say
   * @param noPartOfSpeech leaves the part of speech out
   * @param unnamed does not name the word
   * @param rambling goes on about another word
   * @param wrongGloss gives another word's meaning
   * @param wrongPartOfSpeech gives another part of speech
   */
  public record Habits(
      double ideal,
      double noPartOfSpeech,
      double unnamed,
      double rambling,
      double wrongGloss,
      double wrongPartOfSpeech) {
    /** Validates the shares. */
    public Habits {
      Check.between("ideal", ideal, 0, 1);
      Check.between("no_part_of_speech", noPartOfSpeech, 0, 1);
      Check.between("unnamed", unnamed, 0, 1);
      Check.between("rambling", rambling, 0, 1);
      Check.between("wrong_gloss", wrongGloss, 0, 1);
      Check.between("wrong_part_of_speech", wrongPartOfSpeech, 0, 1);
      double sum = ideal + noPartOfSpeech + unnamed + rambling + wrongGloss + wrongPartOfSpeech;
      Check.holds(
          Math.abs(sum - 1) < 1e-6,
          "ideal",
          ideal,
          "shares that sum to 1, not %.4f".formatted(sum));
    }
  }
}
