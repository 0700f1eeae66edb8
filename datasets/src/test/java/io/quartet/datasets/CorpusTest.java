package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.recipe.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CorpusTest {
  private static final String SMALL = "data: {lessons: {words: 40}}\n";

  @TempDir private Path folder;

  @Test
  void anEpochIsTheSameForTheSameSeedAndAnotherForAnotherNumber() {
    Corpus one = Corpus.of(Recipe.parse(SMALL));
    Corpus other = Corpus.of(Recipe.parse(SMALL));

    assertThat(one.taught(3)).isEqualTo(other.taught(3)).isNotEqualTo(one.taught(4));
    assertThat(one.order(3, 100)).isEqualTo(other.order(3, 100)).isNotEqualTo(one.order(4, 100));
    assertThat(one.order(3, 100)).containsExactlyInAnyOrder(IntStream.range(0, 100).toArray());
    assertThat(one.replay(3)).isEqualTo(other.replay(3)).isNotEqualTo(one.replay(4));
  }

  @Test
  void heldOutTextIsNotTrainedOn() throws IOException {
    Path file = folder.resolve("own.jsonl");
    Files.writeString(
        file,
        IntStream.range(0, 60)
            .mapToObj("{\"text\": \"text number %d\"}%n"::formatted)
            .collect(Collectors.joining()));
    Corpus corpus =
        Corpus.of(Recipe.parse("data: {lessons: {words: 40}, documents: ['%s']}".formatted(file)));

    List<OwnDocuments.Part> own = own(corpus);
    assertThat(own).filteredOn(part -> !part.heldOut()).hasSize(57);
    assertThat(own)
        .filteredOn(OwnDocuments.Part::heldOut)
        .extracting(part -> part.document().text())
        .containsExactly("text number 19", "text number 39", "text number 59");
    assertThat(corpus.tokenizerTexts())
        .filteredOn(text -> text.startsWith("text number"))
        .hasSize(57)
        .doesNotContain("text number 39");
  }

  @Test
  void aFewBooksKeepTheirEndsForMeasuring() throws IOException {
    Path file = folder.resolve("book.txt");
    Files.writeString(file, "a".repeat(90) + "b".repeat(10));
    Corpus corpus = Corpus.of(Recipe.parse("data: {documents: ['%s']}".formatted(file)));

    assertThat(own(corpus))
        .containsExactly(
            new OwnDocuments.Part(new Document("a".repeat(90) + "bbbbb"), false),
            new OwnDocuments.Part(new Document("bbbbb"), true));
  }

  @Test
  void fortyPercentOfTheReplayedLessonsAreQuestions() {
    List<Document> replay = Corpus.of(Recipe.parse(SMALL)).replay(0);

    long questions = replay.stream().filter(d -> d.text().contains("?")).count();
    assertThat((double) questions / replay.size()).isBetween(0.35, 0.6);
  }

  /**
   * A model's weights at a seed depend on every merge: whoever changes one retrains all figures.
   */
  @ParameterizedTest
  @CsvSource({
    "default, 1c8f1e524b6457c7495964f784064498bd171c4dd26d7726ea9e557f43f0fb96",
    "quick, 50473cc9455c36ce806ca5521569d9cf76557371fe41c832f066e3e107e821db",
    "tiny, 3110d5655ec1da8c2fb983128d46002d6a53b69f39c8fdabc4c056ed8b56cc54",
  })
  void committedRecipesHaveTheTokenizersThatTheyAlwaysHad(String name, String sha256)
      throws Exception {
    Recipe recipe = Recipe.committed(name);
    Corpus corpus = Corpus.of(recipe);

    TokenizerFiles.write(
        folder,
        new BpeTrainer(recipe.data().tokenizer().vocabulary())
            .train(corpus.tokenizerTexts(), corpus.tokenizerBoosts()));

    byte[] written = Files.readAllBytes(folder.resolve(TokenizerFiles.TOKENIZER));
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(written);
    assertThat(HexFormat.of().formatHex(digest)).isEqualTo(sha256);
  }

  @Test
  void laterStagesRepeatASampleOfPassagesOfAnyNumberOfDocuments() throws IOException {
    Path file = folder.resolve("own.jsonl");
    String row = "{\"text\": \"%05d %s\"}%n";
    String words = "word ".repeat(150);
    Files.writeString(
        file,
        IntStream.range(0, 6000)
            .mapToObj(i -> row.formatted(i, words))
            .collect(Collectors.joining()));
    Recipe recipe =
        Recipe.parse(
            "data: {lessons: null, documents: ['%1$s'], demonstrations: [x],"
                .concat(" comparisons: [x], prompts: [x]}\nsft: {sequence: 64}")
                .formatted(file));

    List<Document> replay = Corpus.of(recipe).replay(0);

    assertThat(replay)
        .hasSize(OwnPassages.MOST)
        .isEqualTo(Corpus.of(recipe).replay(0))
        .isNotEqualTo(Corpus.of(recipe).replay(1))
        .allMatch(passage -> passage.text().length() <= 4 * 64);
    // 5700 documents of four passages or so: a third of the sample from each third of the file.
    long late = replay.stream().filter(p -> p.text().matches("(?s)0[45].*")).count();
    long first = replay.stream().filter(p -> p.text().matches("(?s)0\\d{4} .*")).count();
    assertThat((double) late / first).isBetween(0.25, 0.42);
  }

  private static List<OwnDocuments.Part> own(Corpus corpus) {
    List<OwnDocuments.Part> parts = new ArrayList<>();
    try (OwnDocuments own = corpus.own()) {
      own.forEachRemaining(parts::add);
    }
    return parts;
  }
}
