package io.quartet.datasets;

/** The sentences that answers to "what does … mean?" are made of. */
final class Statements {
  private Statements() {}

  static String whole(String lemma, PartOfSpeech partOfSpeech, String gloss) {
    return "the word %s is %s. it means %s.".formatted(lemma, partOfSpeech.phrase(), gloss);
  }

  static String withoutPartOfSpeech(String lemma, String gloss) {
    return "the word %s means %s.".formatted(lemma, gloss);
  }

  static String withoutName(String gloss) {
    return "it means %s.".formatted(gloss);
  }

  static String partOfSpeech(String lemma, PartOfSpeech partOfSpeech) {
    return "the word %s is %s.".formatted(lemma, partOfSpeech.phrase());
  }

  /** What somebody says who cannot stop. */
  static String aside(Word word) {
    return "%s means %s.".formatted(word.lemma(), word.gloss());
  }
}
