package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Conditions on rows, and what they cannot do. */
class ConditionTest {
  @TempDir Path folder;
  private DataFolder files;

  @BeforeEach
  void write() throws Exception {
    files = new DataFolder(folder);
    files.write(
        "a.jsonl",
        "{\"text\":\"one\",\"lang\":\"en\",\"score\":5}",
        "{\"text\":\"two\",\"lang\":\"de\",\"score\":9.5}",
        "{\"text\":\"three\",\"score\":2}",
        "{\"text\":\"four\",\"lang\":\"en\",\"score\":3.5,\"tags\":[\"x\"]}");
    files.write("a.csv", "text,lang,score", "one,en,5", "two,de,9.5", "three,,2", "four,en,3.5");
    files.parquet(
        "a.parquet",
        "SELECT * FROM (VALUES ('one', 'en', 5), ('two', 'de', 9.5), ('three', NULL, 2),"
            + " ('four', 'en', 3.5)) t(text, lang, score)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.jsonl", "a.csv", "a.parquet"})
  void everyFormatIsFilteredAlike(String file) {
    assertThat(read(file, "lang = 'en' AND score > 3")).containsExactly("one", "four");
    assertThat(read(file, "lang IS NULL OR score > 9")).containsExactly("two", "three");
    assertThat(read(file, "text LIKE 't%' -- the rest")).containsExactly("two", "three");
    assertThat(read(file, "length(text) = 3")).containsExactly("one", "two");
  }

  @Test
  void moreRowsThanABatchKeepTheirOrderAndTheirLines() throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 1; i <= 5000; i++) {
      lines.add(i == 4321 ? "not json" : "{\"text\":\"t%d\",\"n\":%d}".formatted(i, i));
    }
    files.write("long.jsonl", lines.toArray(String[]::new));
    assertThatThrownBy(() -> read("long.jsonl", "n % 1000 = 0"))
        .hasMessageStartingWith(folder + "/long.jsonl:4321: not JSON: ");
    lines.remove(4320);
    files.write("long.jsonl", lines.toArray(String[]::new));
    assertThat(read("long.jsonl", "n % 1000 = 0"))
        .containsExactly("t1000", "t2000", "t3000", "t4000", "t5000");
  }

  @Test
  void aColumnMayBeginAfterAnyNumberOfRows() throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 1; i <= 5000; i++) {
      lines.add(
          i < 4900
              ? "{\"text\":\"t%d\",\"empty\":null}".formatted(i)
              : "{\"text\":\"t%d\",\"late\":%d.5,\"empty\":%d}".formatted(i, i, i));
    }
    files.write("late.jsonl", lines.toArray(String[]::new));

    assertThat(read("late.jsonl", "late > 4998")).containsExactly("t4998", "t4999", "t5000");
    assertThat(read("late.jsonl", "late IS NULL")).hasSize(4899);
    assertThat(read("late.jsonl", "empty > 4998")).containsExactly("t4999", "t5000");
    assertThatThrownBy(() -> read("late.jsonl", "later = 1"))
        .hasMessageContaining("Referenced column \"later\" not found");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.jsonl", "a.csv", "a.parquet"})
  void anUnknownColumnIsNamed(String file) {
    assertThatThrownBy(() -> read(file, "langg = 'en'"))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessageStartingWith(
            "data: where \"langg = 'en'\": %s/%s: Binder Error: Referenced column \"langg\" not found"
                .formatted(folder, file));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "score >",
        "true) UNION SELECT (1",
        "true); DROP TABLE batch; SELECT (1",
        "true); COPY (SELECT 1) TO 'out.csv'; SELECT (1",
        "true) ORDER BY (1",
        "true) LIMIT (1",
        "text IN (SELECT content FROM read_text('/etc/passwd'))",
        "EXISTS (SELECT 1 FROM read_csv('/etc/passwd'))",
        "score > (SELECT 1)",
      })
  void whatIsNotOneConditionOnTheColumnsIsRefused(String where) {
    for (String file : List.of("a.jsonl", "a.parquet")) {
      assertThatThrownBy(() -> read(file, where))
          .isInstanceOfSatisfying(
              QuartetException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
          .hasMessageStartingWith(
              "data: where \"%s\": ".formatted(where.lines().findFirst().get()));
    }
  }

  /** Should something get past the check, the database still can do nothing with it. */
  @Test
  void theDatabaseReadsNoOtherFileWritesNoneAndCannotBeToldTo() throws Exception {
    Path secret = files.write("secret.csv", "a", "1");
    Path readable = folder.resolve("a.parquet");
    Path written = folder.resolve("written.csv");
    for (Optional<Path> file : List.of(Optional.<Path>empty(), Optional.of(readable))) {
      try (Connection connection = Sandbox.open(file);
          Statement statement = connection.createStatement()) {
        for (String attempt :
            List.of(
                "SELECT * FROM read_csv('%s')".formatted(secret),
                "SELECT * FROM read_text('%s')".formatted(secret),
                "SELECT * FROM glob('%s/*')".formatted(folder),
                "COPY (SELECT 1) TO '%s'".formatted(written),
                "EXPORT DATABASE '%s/db'".formatted(folder),
                "ATTACH '%s/other.db'".formatted(folder),
                "INSTALL httpfs",
                "LOAD httpfs",
                "SET enable_external_access = true",
                "SET allowed_paths = ['%s']".formatted(secret),
                "SET lock_configuration = false")) {
          assertThatThrownBy(() -> statement.execute(attempt))
              .as(attempt)
              .isInstanceOf(SQLException.class);
        }
      }
    }
    assertThat(Files.list(folder).map(f -> f.getFileName().toString()).sorted().toList())
        .containsExactly("a.csv", "a.jsonl", "a.parquet", "secret.csv");
  }

  private List<String> read(String file, String where) {
    return DataFolder.read(DatasetReader.documents(DataFolder.data(0, files.where(file, where))))
        .stream()
        .map(Document::text)
        .toList();
  }
}
