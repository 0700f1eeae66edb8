package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.ErrorCode;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;

class WordNetTest {
  @Test
  void sensesComeMostFrequentFirst() {
    Synset first = new WordNet().senses("physical entity", PartOfSpeech.NOUN).get(0);

    assertThat(first.lemmas()).containsExactly("physical entity");
    assertThat(first.gloss()).startsWith("an entity that has physical existence");
    assertThat(first.pointers(Synset.HYPERNYM).map(new WordNet()::target).toList())
        .flatExtracting(Synset::lemmas)
        .containsExactly("entity");
  }

  @Test
  void firstAndLastWordOfAFileAreFoundAndOthersAreNot() {
    WordNet wordNet = new WordNet();

    assertThat(wordNet.senses("'hood", PartOfSpeech.NOUN)).isNotEmpty();
    assertThat(wordNet.senses("zymurgy", PartOfSpeech.NOUN)).isNotEmpty();
    assertThat(wordNet.senses("zzz", PartOfSpeech.NOUN)).isEmpty();
    assertThat(wordNet.senses("", PartOfSpeech.NOUN)).isEmpty();
  }

  @Test
  void whereAnAdjectiveStandsIsNotPartOfIt() {
    assertThat(new WordNet().senses("afraid", PartOfSpeech.ADJECTIVE).get(0).lemmas())
        .contains("afraid");
  }

  @Test
  void readingSurvivesSomeoneElseClosingTheJarThatTheProcessShares() throws Exception {
    URL shared =
        Objects.requireNonNull(
            WordNet.class.getResource("/net/sf/extjwnl/data/wordnet/wn31/index.adv"));
    var done = new AtomicBoolean();
    Thread closer =
        new Thread(
            () -> {
              while (!done.get()) {
                try {
                  ((JarURLConnection) shared.openConnection()).getJarFile().close();
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              }
            });
    closer.start();
    try {
      for (int i = 0; i < 10; i++) {
        assertThat(WordNetFile.read("index.verb").lines()).hasSizeGreaterThan(11_000);
      }
    } finally {
      done.set(true);
      closer.join();
    }
  }

  @Test
  void failureNamesFileAndRootCause() {
    var failure =
        WordNetFile.unreadable(
            "data.noun", new IOException("parsing", new ZipException("ZipFile closed")));

    assertThat(failure).hasMessage("cannot read WordNet's data.noun: ZipException: ZipFile closed");
    assertThat(failure.code()).isEqualTo(ErrorCode.INTERNAL);
    assertThat(WordNetFile.unreadable("data.noun", new IOException()))
        .hasMessage("cannot read WordNet's data.noun: IOException");
  }
}
