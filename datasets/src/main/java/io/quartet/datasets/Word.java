package io.quartet.datasets;

import java.util.Optional;

/**
 * One entry of the closed vocabulary: the most frequent sense of a lemma, in lower case.
 *
 * @param lemma one word of 3 to 14 letters
 * @param gloss the first clause of WordNet's definition, 2 to 12 words, without a full stop
 * @param hypernym what it is a kind of (a noun) or a way of (a verb); may be several words
 * @param synonym another lemma of the same sense, one word
 * @param example a sentence or phrase with the lemma in it, without its full stop
 */
public record Word(
    String lemma,
    PartOfSpeech partOfSpeech,
    String gloss,
    Optional<String> hypernym,
    Optional<String> synonym,
    Optional<String> example,
    Split split) {

  /** Validates that the entry can be written into a sentence. */
  public Word {
    if (!lemma.matches("[a-z]{3,14}")) {
      throw new IllegalArgumentException("lemma '%s': expected 3 to 14 of a-z".formatted(lemma));
    }
    if (!gloss.matches("[a-z' ,-]+")) {
      throw new IllegalArgumentException(
          "gloss of '%s': got '%s', expected letters, spaces, commas, hyphens and apostrophes"
              .formatted(lemma, gloss));
    }
  }

  /** The same word in another split. */
  public Word in(Split split) {
    return new Word(lemma, partOfSpeech, gloss, hypernym, synonym, example, split);
  }
}
