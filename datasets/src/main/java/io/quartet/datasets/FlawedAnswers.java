package io.quartet.datasets;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Definitions with something wrong in them, to be compared with better ones. */
final class FlawedAnswers {
  private static final List<Flaw> MANNER_FLAWS =
      List.of(
          Flaw.NO_PART_OF_SPEECH,
          Flaw.UNNAMED,
          Flaw.RAMBLING,
          Flaw.WRONG_PART_OF_SPEECH,
          Flaw.NEVER_ENDING);

  private static final Map<Habit, Double> TRUTH_SET_MANNERS =
      new EnumMap<>(
          Map.of(
              Habit.IDEAL, 0.5,
              Habit.NO_PART_OF_SPEECH, 0.2,
              Habit.UNNAMED, 0.2,
              Habit.RAMBLING, 0.1));

  private final OtherWords others;
  private final Demonstrator demonstrator;

  FlawedAnswers(OtherWords others) {
    this.others = others;
    this.demonstrator = new Demonstrator(others);
  }

  /** The ideal definition of a word with a flaw built in. */
  Answer flawed(Word word, Flaw flaw, SplittableRandom random) {
    return switch (flaw) {
      case OTHER_GLOSS -> habitual(word, Habit.WRONG_GLOSS, random);
      case MIXED_GLOSS ->
          new Answer(
              Statements.whole(word.lemma(), word.partOfSpeech(), others.mixedGloss(word, random)),
              true);
      case WRONG_PART_OF_SPEECH -> habitual(word, Habit.WRONG_PART_OF_SPEECH, random);
      case NO_PART_OF_SPEECH -> habitual(word, Habit.NO_PART_OF_SPEECH, random);
      case UNNAMED -> habitual(word, Habit.UNNAMED, random);
      case RAMBLING -> habitual(word, Habit.RAMBLING, random);
      case TRUNCATED -> new Answer(truncated(word, random), true);
      case NEVER_ENDING -> new Answer(endless(word, random), false);
    };
  }

  /** Four answers in one and the same manner: the true gloss, another word's and two mixtures. */
  AnswerSet truthSet(Question question, SplittableRandom random) {
    Word word = question.word();
    Habit manner = Draw.weighted(TRUTH_SET_MANNERS, random);
    String aside = Statements.aside(others.than(word, random));
    List<Answer> answers =
        Stream.of(
                word.gloss(),
                others.than(word, random).gloss(),
                others.mixedGloss(word, random),
                others.mixedGloss(word, random))
            .map(gloss -> new Answer(inManner(word, manner, gloss, aside), true))
            .toList();
    return new AnswerSet(question, answers);
  }

  /** The ideal answer and one that is as true but lacks in manner. */
  AnswerSet mannerSet(Question question, SplittableRandom random) {
    return new AnswerSet(
        question,
        List.of(
            new Answer(question.ideal(), true),
            flawed(question.word(), Draw.one(MANNER_FLAWS, random), random)));
  }

  private Answer habitual(Word word, Habit habit, SplittableRandom random) {
    return new Answer(demonstrator.answer(new Question(word, Task.DEFINE, 0), habit, random), true);
  }

  private static String inManner(Word word, Habit manner, String gloss, String aside) {
    String whole = Statements.whole(word.lemma(), word.partOfSpeech(), gloss);
    return switch (manner) {
      case IDEAL, WRONG_GLOSS, WRONG_PART_OF_SPEECH -> whole;
      case NO_PART_OF_SPEECH -> Statements.withoutPartOfSpeech(word.lemma(), gloss);
      case UNNAMED -> Statements.withoutName(gloss);
      case RAMBLING -> whole + " " + aside;
    };
  }

  private static String truncated(Word word, SplittableRandom random) {
    String whole = Statements.whole(word.lemma(), word.partOfSpeech(), word.gloss());
    int glossWords = word.gloss().split(" ").length;
    return dropWords(whole, random.nextInt(1, glossWords + 1));
  }

  private String endless(Word word, SplittableRandom random) {
    Word next = others.than(word, random);
    String whole = Statements.whole(word.lemma(), word.partOfSpeech(), word.gloss());
    int nextWords = next.gloss().split(" ").length;
    return dropWords(whole + " " + Statements.aside(next), random.nextInt(1, nextWords + 1));
  }

  private static String dropWords(String text, int dropped) {
    List<String> words = List.of(text.split(" "));
    return String.join(" ", words.subList(0, words.size() - dropped));
  }
}
