package io.quartet.datasets;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The four parts of speech that WordNet knows. */
public enum PartOfSpeech {
  NOUN,
  VERB,
  ADJECTIVE,
  ADVERB;

  /** The name in running text: {@code noun}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The name after its article: {@code a noun}, {@code an adverb}. */
  public String phrase() {
    return (label().startsWith("a") ? "an " : "a ") + label();
  }

  /** The other three, in order. */
  public List<PartOfSpeech> others() {
    return Stream.of(values()).filter(p -> p != this).toList();
  }
}
