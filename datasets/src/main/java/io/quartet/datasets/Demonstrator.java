package io.quartet.datasets;

import java.util.SplittableRandom;

/** Answers questions as people with habits do. */
record Demonstrator(OtherWords others) {

  /**
   * An answer in the manner of a habit; a habit that a task has no room for leaves the ideal.
   *
   * @throws IllegalArgumentException if the question has no ideal answer
   */
  String answer(Question question, Habit habit, SplittableRandom random) {
    String ideal = question.ideal();
    return switch (question.task()) {
      case DEFINE -> define(question.word(), habit, random);
      case PART_OF_SPEECH -> partOfSpeech(question.word(), habit, random);
      case WORD_FOR, SENTENCE ->
          switch (habit) {
            case IDEAL, NO_PART_OF_SPEECH, UNNAMED, WRONG_PART_OF_SPEECH -> ideal;
            case RAMBLING -> rambling(ideal, question.word(), random);
            case WRONG_GLOSS ->
                question.task().ideal(others.than(question.word(), random)).orElse(ideal);
          };
    };
  }

  private String define(Word word, Habit habit, SplittableRandom random) {
    String ideal = Statements.whole(word.lemma(), word.partOfSpeech(), word.gloss());
    return switch (habit) {
      case IDEAL -> ideal;
      case NO_PART_OF_SPEECH -> Statements.withoutPartOfSpeech(word.lemma(), word.gloss());
      case UNNAMED -> Statements.withoutName(word.gloss());
      case RAMBLING -> rambling(ideal, word, random);
      case WRONG_GLOSS ->
          Statements.whole(word.lemma(), word.partOfSpeech(), others.than(word, random).gloss());
      case WRONG_PART_OF_SPEECH ->
          Statements.whole(word.lemma(), wrongPartOfSpeech(word, random), word.gloss());
    };
  }

  private String partOfSpeech(Word word, Habit habit, SplittableRandom random) {
    String ideal = Statements.partOfSpeech(word.lemma(), word.partOfSpeech());
    return switch (habit) {
      case IDEAL, NO_PART_OF_SPEECH -> ideal;
      case UNNAMED -> "it is %s.".formatted(word.partOfSpeech().phrase());
      case RAMBLING -> rambling(ideal, word, random);
      case WRONG_GLOSS, WRONG_PART_OF_SPEECH ->
          Statements.partOfSpeech(word.lemma(), wrongPartOfSpeech(word, random));
    };
  }

  private String rambling(String ideal, Word word, SplittableRandom random) {
    return ideal + " " + Statements.aside(others.than(word, random));
  }

  private static PartOfSpeech wrongPartOfSpeech(Word word, SplittableRandom random) {
    return Draw.one(word.partOfSpeech().others(), random);
  }
}
