package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.recipe.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusTest {
  private static final String SMALL = "data: {lessons: {words: 40}}\n";

  @TempDir private Path folder;

  @Test
  void anEpochIsTheSameForTheSameSeedAndAnotherForAnotherNumber() {
    Corpus one = Corpus.of(Recipe.parse(SMALL));
    Corpus other = Corpus.of(Recipe.parse(SMALL));

    assertThat(one.training(3)).isEqualTo(other.training(3)).isNotEqualTo(one.training(4));
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

    Set<Document> both = new HashSet<>(corpus.heldOut());
    both.retainAll(own(corpus.training(0)));
    assertThat(both).isEmpty();
    assertThat(own(corpus.heldOut())).hasSize(3);
    assertThat(own(corpus.training(0))).hasSize(57);
  }

  @Test
  void aFewBooksKeepTheirEndsForMeasuring() throws IOException {
    Path file = folder.resolve("book.txt");
    Files.writeString(file, "a".repeat(90) + "b".repeat(10));
    Corpus corpus = Corpus.of(Recipe.parse("data: {documents: ['%s']}".formatted(file)));

    assertThat(corpus.heldOut()).contains(new Document("bbbbb"));
    assertThat(corpus.training(0)).contains(new Document("a".repeat(90) + "bbbbb"));
  }

  @Test
  void fortyPercentOfTheReplayedLessonsAreQuestions() {
    List<Document> replay = Corpus.of(Recipe.parse(SMALL)).replay(0);

    long questions = replay.stream().filter(d -> d.text().contains("?")).count();
    assertThat((double) questions / replay.size()).isBetween(0.35, 0.6);
  }

  private static Set<Document> own(List<Document> documents) {
    return documents.stream()
        .filter(document -> document.text().startsWith("text number"))
        .collect(Collectors.toSet());
  }
}
