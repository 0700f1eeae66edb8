package io.quartet.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * One meaning and the words that have it.
 *
 * @param offset its place in its part of speech's data file, which is WordNet's id for it
 * @param lemmas the words, with spaces between a collocation's
 * @param pointers to other meanings, in the file's order
 * @param gloss the definition and, in quotation marks, examples
 */
record Synset(int offset, List<String> lemmas, List<Pointer> pointers, String gloss) {
  static final String HYPERNYM = "@";
  static final String INSTANCE_HYPERNYM = "@i";
  static final String USAGE = ";u";
  static final String USAGE_MEMBER = "-u";

  /**
   * A relation to another meaning.
   *
   * @param type WordNet's symbol for it
   */
  record Pointer(String type, PartOfSpeech partOfSpeech, int target) {}

  /** The pointers of some types, in the file's order. */
  Stream<Pointer> pointers(String... types) {
    return pointers.stream().filter(pointer -> List.of(types).contains(pointer.type()));
  }

  /**
   * Reads a line of a data file.
   *
   * <p>Format wndb(5WN): {@code offset lex_file type words(hex) [word lex_id]… pointers [symbol
   * offset part source/target]… [frames] | gloss}.
   */
  static Synset parse(String line) {
    int bar = line.indexOf("| ");
    String[] fields = line.substring(0, bar).split(" ");
    List<String> lemmas = new ArrayList<>();
    int at = 4;
    for (int left = Integer.parseInt(fields[3], 16); left > 0; left--, at += 2) {
      // An adjective may carry where it stands: "afraid(p)".
      lemmas.add(fields[at].replaceFirst("\\([a-z]+\\)$", "").replace('_', ' '));
    }
    List<Pointer> pointers = new ArrayList<>();
    for (int left = Integer.parseInt(fields[at++]); left > 0; left--, at += 4) {
      PartOfSpeech partOfSpeech = partOfSpeech(fields[at + 2].charAt(0));
      pointers.add(new Pointer(fields[at], partOfSpeech, Integer.parseInt(fields[at + 1])));
    }
    return new Synset(Integer.parseInt(fields[0]), lemmas, pointers, line.substring(bar + 2));
  }

  private static PartOfSpeech partOfSpeech(char letter) {
    return switch (letter) {
      case 'n' -> PartOfSpeech.NOUN;
      case 'v' -> PartOfSpeech.VERB;
      case 'a', 's' -> PartOfSpeech.ADJECTIVE;
      case 'r' -> PartOfSpeech.ADVERB;
      default -> throw new IllegalArgumentException("WordNet: unknown part of speech " + letter);
    };
  }
}
