package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.QuartetException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bad rows under a limit, duplicates, and what is counted. */
class ReadingTest {
  @TempDir Path folder;
  private DataFolder files;

  @BeforeEach
  void open() {
    files = new DataFolder(folder);
  }

  @Test
  void theFirstBadRowFailsUnlessTheRecipeAllowsIt() throws Exception {
    files.write("a.jsonl", "{\"text\":\"one\"}", "{}", "{\"text\":\"two\"}");
    assertThatThrownBy(() -> read(0))
        .isInstanceOf(QuartetException.class)
        .hasMessage("%s/a.jsonl:2: 'text': got nothing, expected text", folder);
    assertThat(read(1)).containsExactly(new Document("one"), new Document("two"));
  }

  @Test
  void theRowBeyondTheLimitFailsAndSaysSo() throws Exception {
    files.write("a.jsonl", "{}", "{\"text\":\"one\"}", "[]", "nothing", "{\"text\":\"two\"}");
    assertThatThrownBy(() -> read(2))
        .hasMessage(
            "%s/a.jsonl:4: not JSON: Unrecognized token 'nothing': was expecting (JSON String,"
                + " Number, Array, Object or token 'null', 'true' or 'false') (bad row 3,"
                + " data.bad_rows allows 2)",
            folder);
    assertThat(read(3)).hasSize(2);
  }

  @Test
  void theLimitCountsOverAllFilesOfAList() throws Exception {
    files.write("a.jsonl", "{}", "{\"text\":\"one\"}");
    files.write("b.jsonl", "{}", "{\"text\":\"two\"}");
    assertThatThrownBy(() -> read(1))
        .hasMessage(
            "%s/b.jsonl:1: 'text': got nothing, expected text (bad row 2, data.bad_rows allows 1)",
            folder);
  }

  @Test
  void skippedRowsAreKeptInWordsAndEveryFileIsCounted() throws Exception {
    files.write("a.jsonl", "{}", "{\"text\":\"one\"}", "{\"text\":\"one\"}");
    files.write("b.csv", "text", "one", "two");
    Path a = folder.resolve("a.jsonl");
    Path b = folder.resolve("b.csv");
    try (var documents = reading(1)) {
      documents.forEachRemaining(row -> {});

      assertThat(documents.summary())
          .isEqualTo(
              new DataSummary(
                  "documents",
                  List.of(new FileSummary(a, "text", 3, 1, 1), new FileSummary(b, "text", 2, 0, 1)),
                  List.of(a + ":1: 'text': got nothing, expected text")));
      assertThat(documents.summary().kept()).isEqualTo(2);
      assertThat(documents.summary().lines())
          .containsExactly(
              "skipped " + a + ":1: 'text': got nothing, expected text",
              "data.documents: " + a + ": text, 3 rows, 1 bad, 1 duplicates",
              "data.documents: " + b + ": text, 2 rows, 0 bad, 1 duplicates");
      assertThat(documents.summary().toMetrics())
          .isEqualTo(
              Map.of(
                  "data",
                  Map.of(
                      "documents",
                      Map.of(
                          a.toString(),
                          Map.of("shape", "text", "rows", 3L, "bad", 1L, "duplicates", 1L),
                          b.toString(),
                          Map.of("shape", "text", "rows", 2L, "bad", 0L, "duplicates", 1L)))));
    }
  }

  @Test
  void aRowMayBeRejectedLater() throws Exception {
    files.write("a.jsonl", "{\"text\":\"one\"}", "{\"text\":\"two\"}");
    try (var documents = reading(1)) {
      documents.next();
      documents.reject("too long");
      documents.next();
      assertThatThrownBy(() -> documents.reject("too long"))
          .hasMessage("%s/a.jsonl:2: too long (bad row 2, data.bad_rows allows 1)", folder);
    }
  }

  @Test
  void exactDuplicatesAreDroppedAndNothingElse() throws Exception {
    var random = new SplittableRandom(7);
    List<String> lines = new ArrayList<>();
    List<Document> distinct = new ArrayList<>();
    var seen = new HashSet<String>();
    for (int i = 0; i < 20_000; i++) {
      String text = "text " + random.nextInt(9_000);
      lines.add("{\"text\":\"%s\"}".formatted(text));
      if (seen.add(text)) {
        distinct.add(new Document(text));
      }
    }
    files.write("a.jsonl", lines.toArray(String[]::new));
    assertThat(read(0)).isEqualTo(distinct);
  }

  @Test
  void theSameAnswersTheOtherWayRoundAreNoDuplicate() throws Exception {
    files.write(
        "a.jsonl",
        "{\"prompt\":\"Hi\",\"chosen\":\"a\",\"rejected\":\"b\"}",
        "{\"prompt\":\"Hi\",\"chosen\":\"b\",\"rejected\":\"a\"}",
        "{\"prompt\":\"Hi\",\"rejected\":\"b\",\"chosen\":\"a\"}");
    assertThat(
            DataFolder.read(DatasetReader.comparisons(DataFolder.data(0, files.source("a.jsonl")))))
        .extracting(Ranking::answers)
        .containsExactly(List.of("a", "b"), List.of("b", "a"));
  }

  private Reading<Document> reading(long badRows) {
    return DatasetReader.documents(DataFolder.data(badRows, files.source("*.{jsonl,csv}")));
  }

  private List<Document> read(long badRows) {
    return DataFolder.read(reading(badRows));
  }
}
