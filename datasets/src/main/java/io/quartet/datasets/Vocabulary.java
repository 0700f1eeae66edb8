package io.quartet.datasets;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Chooses the closed vocabulary: the lemmas that were tagged most often over all senses, each with
 * the first sense of its most frequent part of speech, if that has a gloss to teach.
 *
 * <p>A gloss is the definition without parentheses, cut to its first clause: 2 to 12 words, letters
 * only, no word twice in the vocabulary's glosses, never with the lemma itself in it (circular).
 */
final class Vocabulary {
  private static final Pattern LEMMA = Pattern.compile("[a-z]{3,14}");
  private static final Pattern GLOSS = Pattern.compile("[a-z' ,-]+");
  private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");
  private static final Pattern LETTERS = Pattern.compile("[a-z]+");

  private final WordNet wordNet;
  private final OffensiveUsage offensive;
  private final Set<String> glosses = new HashSet<>();

  private Vocabulary(WordNet wordNet) {
    this.wordNet = wordNet;
    this.offensive = new OffensiveUsage(wordNet);
  }

  /**
   * The first {@code size} words, most frequent first, all in split A; WordNet has 45,000 to teach.
   */
  static List<Word> mostFrequent(int size) {
    WordNet wordNet = new WordNet();
    Vocabulary vocabulary = new Vocabulary(wordNet);
    return wordNet.tagCounts(LEMMA.asMatchPredicate()).stream()
        .sorted(
            Comparator.comparing(WordNet.TagCount::total)
                .reversed()
                .thenComparing(WordNet.TagCount::lemma))
        .flatMap(count -> vocabulary.entry(count).stream())
        .limit(size)
        .toList();
  }

  private Optional<Word> entry(WordNet.TagCount count) {
    String lemma = count.lemma();
    PartOfSpeech partOfSpeech = mostFrequentPartOfSpeech(count);
    List<Synset> senses = wordNet.senses(lemma, partOfSpeech);
    if (senses.isEmpty()) {
      return Optional.empty();
    }
    Synset sense = senses.get(0);
    String gloss = gloss(sense);
    int length = gloss.split(" ").length;
    boolean teachable =
        length >= 2
            && length <= 12
            && GLOSS.matcher(gloss).matches()
            && !contains(gloss, lemma)
            && !offensive.in(lemma)
            && glosses.add(gloss);
    return teachable
        ? Optional.of(
            new Word(
                lemma,
                partOfSpeech,
                gloss,
                hypernym(sense, lemma),
                synonym(sense, lemma),
                example(sense, lemma),
                Split.A))
        : Optional.empty();
  }

  /** Ties go to the first in the order noun, verb, adjective, adverb that has a sense. */
  private PartOfSpeech mostFrequentPartOfSpeech(WordNet.TagCount count) {
    return Stream.of(PartOfSpeech.values())
        .filter(p -> count.byPartOfSpeech().containsKey(p))
        .max(
            Comparator.<PartOfSpeech>comparingInt(count::of)
                .thenComparing(Comparator.<PartOfSpeech>naturalOrder().reversed()))
        .orElseThrow();
  }

  private static String gloss(Synset sense) {
    String text = sense.gloss().strip();
    if (text.startsWith("\"")) {
      return "";
    }
    int examples = text.indexOf("; \"");
    String definition = examples < 0 ? text : text.substring(0, examples);
    String clause =
        definition.replaceAll("\\([^)]*\\)", "").replaceAll("\\s+", " ").split("[;:]", 2)[0];
    return clause.replaceAll("^[ ,]+|[ ,]+$", "").toLowerCase(Locale.ROOT);
  }

  private Optional<String> hypernym(Synset sense, String lemma) {
    return sense
        .pointers(Synset.HYPERNYM, Synset.INSTANCE_HYPERNYM)
        .findFirst()
        .map(p -> wordNet.target(p).lemmas().get(0).toLowerCase(Locale.ROOT))
        .filter(name -> !name.equals(lemma) && !offensive.in(name));
  }

  private Optional<String> synonym(Synset sense, String lemma) {
    return sense.lemmas().stream()
        .map(word -> word.toLowerCase(Locale.ROOT))
        .filter(name -> name.matches("[a-z]+") && !name.equals(lemma) && !offensive.in(name))
        .findFirst();
  }

  private Optional<String> example(Synset sense, String lemma) {
    return QUOTED
        .matcher(sense.gloss())
        .results()
        .map(m -> m.group(1).strip().replaceAll("[.!]+$", "").toLowerCase(Locale.ROOT))
        .filter(text -> contains(text, lemma) && !offensive.in(text))
        .filter(text -> text.split(" ").length >= 3 && text.split(" ").length <= 12)
        .findFirst();
  }

  private static boolean contains(String text, String lemma) {
    Matcher words = LETTERS.matcher(text);
    return words.results().anyMatch(m -> m.group().equals(lemma));
  }
}
