package io.quartet.reward;

import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.Word;
import io.quartet.reward.LessonComparisons.Drawn;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Gives the word that a ranked set is about another word's name, in its recital and its answers
 * alike. Of a word under another name a reward model knows nothing by heart: only comparing an
 * answer with the recital helps, and what is learned so holds on words never seen compared. The
 * ranking stays, as the labeller looks at what is said of the word and not at which word it is.
 */
final class Renaming {
  private static final int TRIES = 4;

  private final Map<String, Integer> tokens;
  private final List<Integer> names;
  private final double share;

  private Renaming(Map<String, Integer> tokens, double share) {
    this.tokens = tokens;
    this.names = List.copyOf(tokens.values());
    this.share = share;
  }

  /**
   * Exchanges names among these words. One that is not a single token after a blank keeps its own.
   *
   * @param share of the sets that are renamed, 0 to 1
   */
  static Renaming among(List<Word> words, Tokenizer tokenizer, double share) {
    Map<String, Integer> tokens = new LinkedHashMap<>();
    for (Word word : words) {
      int[] encoded = tokenizer.encode(" " + word.lemma());
      if (encoded.length == 1) {
        tokens.put(word.lemma(), encoded[0]);
      }
    }
    return new Renaming(tokens, share);
  }

  /** The same sets, a share of them under other names. */
  ComparisonSource of(Function<SplittableRandom, Drawn> sets) {
    return random -> {
      Drawn drawn = sets.apply(random);
      return random.nextDouble() < share ? renamed(drawn, random) : drawn.set();
    };
  }

  /** The set as it is if the word, or a few others drawn for it, cannot be exchanged. */
  private RatedAnswers renamed(Drawn drawn, SplittableRandom random) {
    Integer own = tokens.get(drawn.word().lemma());
    for (int i = 0; i < TRIES && own != null; i++) {
      int other = names.get(random.nextInt(names.size()));
      if (drawn.set().sequences().stream().noneMatch(s -> contains(s, other))) {
        return new RatedAnswers(
            drawn.set().sequences().stream().map(s -> exchanged(s, own, other)).toList(),
            drawn.set().ratings());
      }
    }
    return drawn.set();
  }

  private static boolean contains(int[] tokens, int token) {
    return Arrays.stream(tokens).anyMatch(t -> t == token);
  }

  private static int[] exchanged(int[] tokens, int from, int to) {
    return Arrays.stream(tokens).map(t -> t == from ? to : t).toArray();
  }
}
