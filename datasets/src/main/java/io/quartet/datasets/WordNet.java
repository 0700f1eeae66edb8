package io.quartet.datasets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Princeton WordNet 3.1, from the class path. Files are read when they are first asked for;
 * meanings are parsed one by one, for the lessons need few of the 117,000.
 *
 * <p>Formats: WordNet's senseidx(5WN) and wndb(5WN).
 */
final class WordNet {
  private final Map<String, WordNetFile> files = new HashMap<>();

  /** How often a lemma was tagged in the semantic concordances, by part of speech. */
  record TagCount(String lemma, Map<PartOfSpeech, Integer> byPartOfSpeech) {
    int total() {
      return byPartOfSpeech.values().stream().mapToInt(Integer::intValue).sum();
    }

    int of(PartOfSpeech partOfSpeech) {
      return byPartOfSpeech.getOrDefault(partOfSpeech, 0);
    }
  }

  /**
   * The tag counts of the lemmas that a test holds for, summed over their senses.
   *
   * <p>index.sense: {@code lemma%type:… offset sense_number tag_count}; type 5 is an adjective
   * satellite.
   */
  List<TagCount> tagCounts(Predicate<String> wanted) {
    Map<String, TagCount> counts = new HashMap<>();
    WordNetFile.read("index.sense")
        .lines()
        .forEach(
            line -> {
              int percent = line.indexOf('%');
              String lemma = line.substring(0, percent);
              if (wanted.test(lemma)) {
                int count = Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
                counts
                    .computeIfAbsent(lemma, l -> new TagCount(l, new EnumMap<>(PartOfSpeech.class)))
                    .byPartOfSpeech()
                    .merge(ofSenseType(line.charAt(percent + 1)), count, Integer::sum);
              }
            });
    return new ArrayList<>(counts.values());
  }

  /**
   * The senses of a lemma, most frequent first; empty if it has none as this part of speech.
   *
   * <p>index.noun and so on: {@code lemma pos senses … offset…}.
   */
  List<Synset> senses(String lemma, PartOfSpeech partOfSpeech) {
    return file("index.", partOfSpeech)
        .lineOf(lemma.replace(' ', '_'))
        .map(
            line -> {
              String[] fields = line.strip().split(" ");
              int senses = Integer.parseInt(fields[2]);
              return Arrays.stream(fields, fields.length - senses, fields.length)
                  .map(offset -> synset(partOfSpeech, Integer.parseInt(offset)))
                  .toList();
            })
        .orElse(List.of());
  }

  /** The meaning that a pointer leads to. */
  Synset target(Synset.Pointer pointer) {
    return synset(pointer.partOfSpeech(), pointer.target());
  }

  /** The licence under which the data come, as its files carry it. */
  static String licence() {
    // The header's lines are numbered and, unlike every entry, indented.
    return WordNetFile.read("data.adv")
        .lines()
        .takeWhile(line -> line.startsWith("  "))
        .map(line -> line.replaceFirst("^ +\\d+ ?", "").stripTrailing())
        .collect(Collectors.joining("\n"));
  }

  private Synset synset(PartOfSpeech partOfSpeech, int offset) {
    return Synset.parse(file("data.", partOfSpeech).lineAt(offset));
  }

  private WordNetFile file(String kind, PartOfSpeech partOfSpeech) {
    return files.computeIfAbsent(kind + extension(partOfSpeech), WordNetFile::read);
  }

  private static PartOfSpeech ofSenseType(char type) {
    return switch (type) {
      case '1' -> PartOfSpeech.NOUN;
      case '2' -> PartOfSpeech.VERB;
      case '3', '5' -> PartOfSpeech.ADJECTIVE;
      case '4' -> PartOfSpeech.ADVERB;
      default -> throw new IllegalArgumentException("index.sense: unknown type " + type);
    };
  }

  private static String extension(PartOfSpeech partOfSpeech) {
    return switch (partOfSpeech) {
      case NOUN -> "noun";
      case VERB -> "verb";
      case ADJECTIVE -> "adj";
      case ADVERB -> "adv";
    };
  }
}
