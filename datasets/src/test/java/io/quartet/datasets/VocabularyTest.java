package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class VocabularyTest {
  private static final List<Word> WORDS = Vocabulary.mostFrequent(2_500);

  @Test
  void theMostFrequentWordsComeFirst() {
    assertThat(WORDS.stream().limit(8).map(Word::lemma))
        .containsExactly("person", "say", "not", "make", "group", "man", "see", "location");
  }

  @Test
  void anEntryHasTheFactsOfItsMostFrequentSense() {
    assertThat(WORDS.get(0))
        .isEqualTo(
            new Word(
                "person",
                PartOfSpeech.NOUN,
                "a human being",
                Optional.of("organism"),
                Optional.of("individual"),
                Optional.of("there was too much for one person to do"),
                Split.A));
  }

  @Test
  void noGlossIsTooShortTooLongOrCircular() {
    assertThat(WORDS)
        .allSatisfy(
            word -> {
              assertThat(word.gloss().split(" ")).hasSizeBetween(2, 12);
              assertThat(word.gloss().split("[^a-z]+")).doesNotContain(word.lemma());
            });
  }

  @Test
  void noTwoWordsHaveTheSameGloss() {
    assertThat(WORDS.stream().map(Word::gloss)).doesNotHaveDuplicates();
  }

  @Test
  void lemmasWithAnOffensiveSenseAreLeftOut() {
    // Each has a harmless first sense, and an ethnic slur, an obscenity or a disparagement besides.
    assertThat(WORDS.stream().map(Word::lemma))
        .doesNotContain("bull", "dirt", "prick", "shaft", "snatch", "tool");
  }

  @Test
  void wordsThatOnlyTalkAboutOffenceStay() {
    assertThat(WORDS.stream().map(Word::lemma)).contains("knife", "oath", "testimony", "common");
  }

  @Test
  void noExampleSynonymOrHypernymIsOffensive() {
    assertThat(WORDS)
        .allSatisfy(
            word ->
                assertThat(
                        word.synonym().orElse("")
                            + " "
                            + word.example().orElse("")
                            + " "
                            + word.hypernym().orElse(""))
                    .doesNotContainPattern("\\b(tool|queer|bull|dirt|bitch|ass)s?\\b"));
  }

  @Test
  void theLicenceIsPrinceton() {
    assertThat(WordNetLessons.licence())
        .startsWith("This software and database is being provided to you, the LICENSEE, by")
        .contains("WordNet 3.1 Copyright 2011 by Princeton University.")
        .endsWith("Princeton University and LICENSEE agrees to preserve same.");
  }
}
