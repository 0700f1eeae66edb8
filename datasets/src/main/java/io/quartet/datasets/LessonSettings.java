package io.quartet.datasets;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.recipe.LessonsSection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The dials of the WordNet lessons.
 *
 * @param words size of the closed vocabulary, 20 to 20,000
 * @param shareB share of the words in split B
 * @param shareC share of the words in split C; the others are in A
 * @param habits weights of the demonstrators' habits
 * @param tasks weights of the tasks in demonstrations
 * @param demonstrationsPerWord answers by as many demonstrators for each word of A
 * @param questionLines answered questions about each word of A and B in an epoch of the base corpus
 * @param seed of the splits and of everything that is written
 */
public record LessonSettings(
    int words,
    double shareB,
    double shareC,
    Map<Habit, Double> habits,
    Map<Task, Double> tasks,
    int demonstrationsPerWord,
    int questionLines,
    long seed) {

  /**
   * Validates the dials.
   *
   * @throws QuartetException INVALID_ARGUMENT with the dial, what was got and what was expected
   */
  public LessonSettings {
    check("words", words, 20, 20_000);
    check("share B", shareB, 0, 0.9);
    check("share C", shareC, 0.01, 0.5);
    check("share B + share C", shareB + shareC, 0.01, 0.95);
    check("demonstrations per word", demonstrationsPerWord, 1, 1_000);
    check("question lines", questionLines, 0, 100);
    habits = weights("habits", Habit.class, habits);
    tasks = weights("tasks", Task.class, tasks);
  }

  /**
   * Mixed habits (30 % ideal), definitions only, a third of the words without demonstrations and a
   * tenth held out.
   */
  public static LessonSettings mixed(int words, long seed) {
    Map<Habit, Double> habits =
        Map.of(
            Habit.IDEAL, 0.30,
            Habit.NO_PART_OF_SPEECH, 0.20,
            Habit.UNNAMED, 0.15,
            Habit.RAMBLING, 0.15,
            Habit.WRONG_GLOSS, 0.10,
            Habit.WRONG_PART_OF_SPEECH, 0.10);
    return new LessonSettings(words, 1.0 / 3, 0.1, habits, Map.of(Task.DEFINE, 1.0), 12, 1, seed);
  }

  /** What a recipe says, and {@link #mixed} for the rest. */
  public static LessonSettings of(LessonsSection lessons, long seed) {
    LessonsSection.Habits habits = lessons.habits();
    LessonSettings mixed = mixed(lessons.words(), seed);
    return new LessonSettings(
        lessons.words(),
        lessons.withoutDemonstrations(),
        lessons.heldOut(),
        Map.of(
            Habit.IDEAL, habits.ideal(),
            Habit.NO_PART_OF_SPEECH, habits.noPartOfSpeech(),
            Habit.UNNAMED, habits.unnamed(),
            Habit.RAMBLING, habits.rambling(),
            Habit.WRONG_GLOSS, habits.wrongGloss(),
            Habit.WRONG_PART_OF_SPEECH, habits.wrongPartOfSpeech()),
        mixed.tasks,
        mixed.demonstrationsPerWord,
        mixed.questionLines,
        seed);
  }

  /** The same with other habits. */
  public LessonSettings withHabits(Map<Habit, Double> habits) {
    return new LessonSettings(
        words, shareB, shareC, habits, tasks, demonstrationsPerWord, questionLines, seed);
  }

  /** The same with other tasks. */
  public LessonSettings withTasks(Map<Task, Double> tasks) {
    return new LessonSettings(
        words, shareB, shareC, habits, tasks, demonstrationsPerWord, questionLines, seed);
  }

  /** In the order of the constants, so that draws do not depend on the map that was given. */
  private static <E extends Enum<E>> Map<E, Double> weights(
      String what, Class<E> type, Map<E, Double> given) {
    EnumMap<E, Double> weights = new EnumMap<>(type);
    weights.putAll(given);
    weights.forEach((key, weight) -> check(what + " " + key, weight, 0, 1e9));
    if (weights.values().stream().mapToDouble(Double::doubleValue).sum() <= 0) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "lessons: %s: got %s, expected a weight above 0".formatted(what, given));
    }
    return Collections.unmodifiableMap(weights);
  }

  private static void check(String what, double got, double low, double high) {
    if (!(got >= low && got <= high)) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "lessons: %s: got %s, expected %s to %s"
              .formatted(what, plain(got), plain(low), plain(high)));
    }
  }

  private static String plain(double number) {
    return number == Math.rint(number) ? "%.0f".formatted(number) : Double.toString(number);
  }
}
