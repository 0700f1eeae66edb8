package io.quartet.datasets;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The plain sentences that state a word's facts in the base corpus. One more form is one more
 * constant here; a form that a word has no fact for is left out for that word.
 */
enum FactForm {
  DICTIONARY_LINE(w -> some("%s (%s): %s.", w.lemma(), w.partOfSpeech().label(), w.gloss())),
  SENTENCE(w -> some("%s means %s.", w.lemma(), w.gloss())),
  FULL_SENTENCE(
      w -> some("%s is %s which means %s.", w.lemma(), w.partOfSpeech().phrase(), w.gloss())),
  REVERSED(w -> some("%s: that is the meaning of %s.", w.gloss(), w.lemma())),
  NAME(w -> some("the name for %s is %s.", w.gloss(), w.lemma())),
  PART_OF_SPEECH(w -> some("%s is %s.", w.lemma(), w.partOfSpeech().phrase())),
  HYPERNYM(
      w ->
          w.hypernym()
              .map(
                  kind ->
                      (w.partOfSpeech() == PartOfSpeech.NOUN
                              ? "%s is a kind of %s."
                              : "to %s is a way to %s.")
                          .formatted(w.lemma(), kind))),
  SYNONYM(w -> w.synonym().map(other -> "%s can be replaced by %s.".formatted(w.lemma(), other))),
  EXAMPLE(w -> w.example().map(text -> "example of %s: %s.".formatted(w.lemma(), text)));

  private final Function<Word, Optional<String>> text;

  FactForm(Function<Word, Optional<String>> text) {
    this.text = text;
  }

  /** The sentence; empty if the word lacks the fact. */
  Optional<String> of(Word word) {
    return text.apply(word);
  }

  /** Every sentence that can be said about a word, in the order of the forms. */
  static List<String> all(Word word) {
    return Stream.of(values()).flatMap(form -> form.of(word).stream()).toList();
  }

  private static Optional<String> some(String format, Object... facts) {
    return Optional.of(format.formatted(facts));
  }
}
