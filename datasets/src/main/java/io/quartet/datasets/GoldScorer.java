package io.quartet.datasets;

import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Measures an answer to "what does … mean?" against WordNet. */
public final class GoldScorer {
  private static final Pattern NAME = Pattern.compile("^the word (\\w+)\\b");
  private static final Pattern PART_OF_SPEECH = Pattern.compile(" is an? (\\w+)\\.");
  private static final Pattern MEANING = Pattern.compile("(?:^| )means ([^.]*)");
  private static final Pattern TWO_STATEMENTS =
      Pattern.compile("[^.]+ is an? [^.]+\\. it means [^.]+\\.");
  private static final Pattern TOKEN = Pattern.compile("[a-z']+");

  private GoldScorer() {}

  /**
   * Scores an answer.
   *
   * @param answer its text without special tokens; blanks around it do not count
   * @param ended whether it ended by itself
   */
  public static GoldScore score(Word word, String answer, boolean ended) {
    String text = answer.strip();
    Matcher meaning = MEANING.matcher(text);
    return new GoldScore(
        first(NAME, text).equals(word.lemma()) ? 1 : 0,
        first(PART_OF_SPEECH, text).equals(word.partOfSpeech().label()) ? 1 : 0,
        TWO_STATEMENTS.matcher(text).matches() ? 1 : 0,
        ended ? 1 : 0,
        meaning.find() ? tokenF1(meaning.group(1), word.gloss()) : 0);
  }

  /**
   * Harmonic mean of precision and recall over the words that two texts share, each as often as
   * both have it (SQuAD's F1; Rajpurkar et al. 2016), from 0 to 1.
   */
  public static double tokenF1(String one, String other) {
    Map<String, Long> left = counts(one);
    Map<String, Long> right = counts(other);
    long shared =
        left.entrySet().stream()
            .mapToLong(e -> Math.min(e.getValue(), right.getOrDefault(e.getKey(), 0L)))
            .sum();
    return shared == 0 ? 0 : 2.0 * shared / (total(left) + total(right));
  }

  private static String first(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? matcher.group(1) : "";
  }

  private static Map<String, Long> counts(String text) {
    return TOKEN
        .matcher(text)
        .results()
        .map(m -> m.group())
        .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
  }

  private static long total(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }
}
