package io.quartet.datasets;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Where wrong facts come from: true ones of other words. */
final class OtherWords {
  // Where the part of speech fits, nothing but the truth gives a wrong gloss away.
  private static final double SAME_PART_OF_SPEECH = 0.6;

  private final List<Word> words;
  private final Map<PartOfSpeech, List<Word>> byPartOfSpeech;

  /** Takes facts from these words, of which there are two at least. */
  OtherWords(List<Word> words) {
    this.words = words;
    this.byPartOfSpeech = words.stream().collect(Collectors.groupingBy(Word::partOfSpeech));
  }

  /** A word that is not this one, mostly of the same part of speech. */
  Word than(Word word, SplittableRandom random) {
    List<Word> same = byPartOfSpeech.getOrDefault(word.partOfSpeech(), List.of());
    boolean alone = same.stream().allMatch(w -> w.lemma().equals(word.lemma()));
    boolean any = random.nextDouble() >= SAME_PART_OF_SPEECH;
    List<Word> candidates = alone || any ? words : same;
    Word other = Draw.one(candidates, random);
    while (other.lemma().equals(word.lemma())) {
      other = Draw.one(candidates, random);
    }
    return other;
  }

  /** The beginning of a word's gloss with the end of another's, or the other way round. */
  String mixedGloss(Word word, SplittableRandom random) {
    List<String> own = List.of(word.gloss().split(" "));
    List<String> other = List.of(than(word, random).gloss().split(" "));
    int mine = random.nextInt(1, own.size());
    int theirs = random.nextInt(other.size());
    Stream<String> mixed =
        random.nextBoolean()
            ? Stream.concat(
                own.subList(0, mine).stream(), other.subList(theirs, other.size()).stream())
            : Stream.concat(
                other.subList(0, theirs + 1).stream(), own.subList(mine, own.size()).stream());
    String gloss = mixed.collect(Collectors.joining(" "));
    // Glosses share beginnings and ends: now and then the mixture is the gloss itself.
    return GoldScorer.tokenF1(gloss, word.gloss()) < 1 ? gloss : than(word, random).gloss();
  }
}
