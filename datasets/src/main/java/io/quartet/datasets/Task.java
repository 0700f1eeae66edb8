package io.quartet.datasets;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** A kind of question about a word, in several phrasings, with its ideal answer. */
public enum Task {
  /** What a word means: the one that the gold score and the comparisons are about. */
  DEFINE(
      word -> Optional.of(Statements.whole(word.lemma(), word.partOfSpeech(), word.gloss())),
      word -> "what does %s mean?".formatted(word.lemma()),
      word -> "define %s.".formatted(word.lemma()),
      word -> "what is the meaning of %s?".formatted(word.lemma())),
  /** The word for a definition. */
  WORD_FOR(
      word -> Optional.of("the word is %s.".formatted(word.lemma())),
      word -> "which word means %s?".formatted(word.gloss()),
      word -> "give me the word for %s.".formatted(word.gloss())),
  /** The part of speech alone. */
  PART_OF_SPEECH(
      word -> Optional.of(Statements.partOfSpeech(word.lemma(), word.partOfSpeech())),
      word -> "what part of speech is %s?".formatted(word.lemma()),
      word -> "is %s a noun, verb, adjective or adverb?".formatted(word.lemma())),
  /** A sentence with the word in it; only for words that come with an example. */
  SENTENCE(
      word -> word.example().map("%s."::formatted),
      word -> "use %s in a sentence.".formatted(word.lemma()));

  private final Function<Word, Optional<String>> ideal;
  private final List<Function<Word, String>> phrasings;

  @SafeVarargs
  Task(Function<Word, Optional<String>> ideal, Function<Word, String>... phrasings) {
    this.ideal = ideal;
    this.phrasings = List.of(phrasings);
  }

  /** In how many ways the question can be put. */
  public int phrasings() {
    return phrasings.size();
  }

  /** The question in the phrasing of an index below {@link #phrasings}. */
  public String question(Word word, int phrasing) {
    return phrasings.get(phrasing).apply(word);
  }

  /** The answer that the labelling instructions ask for; empty if WordNet has none. */
  public Optional<String> ideal(Word word) {
    return ideal.apply(word);
  }
}
