package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.recipe.DataSection;
import io.quartet.recipe.DataSource;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The formats of files, and what is said of files that are not what they should be. */
class DatasetReaderTest {
  @TempDir Path folder;
  private DataFolder files;

  @BeforeEach
  void open() {
    files = new DataFolder(folder);
  }

  @Test
  void aTextFileIsOneDocument() throws Exception {
    files.write("a.txt", "to be", "", "or not", "");
    files.write("b.md", "\ufeff# Title", "");
    assertThat(documents("*.{txt,md}")).containsExactly("to be\n\nor not\n", "# Title\n");
  }

  @Test
  void aLongTextFileIsCutBehindEmptyLinesAndNothingIsLost() throws Exception {
    String paragraph = "caf\u00e9 ".repeat(20_000) + "\n\n";
    String whole = paragraph.repeat(60);
    files.write("a.txt", whole);

    List<String> documents = documents("a.txt");

    assertThat(documents).hasSizeGreaterThan(1).allMatch(d -> d.endsWith("\n\n"));
    assertThat(documents)
        .allMatch(d -> d.getBytes(StandardCharsets.UTF_8).length <= TextRows.LONGEST);
    assertThat(String.join("", documents)).isEqualTo(whole);
  }

  @Test
  void aLongLineIsCutBetweenCharacters() throws Exception {
    String whole = "\u20ac".repeat(2_000_000);
    files.write("a.txt", whole);

    assertThat(String.join("", documents("a.txt"))).isEqualTo(whole);
  }

  @Test
  void everyRowOfALineFileIsADocument() throws Exception {
    files.write("a.jsonl", "{\"text\":\"one, \\\"two\\\"\"}\r", "", "{\"text\":\"caf\u00e9\"}");
    assertThat(documents("a.jsonl")).containsExactly("one, \"two\"", "caf\u00e9");
  }

  @Test
  void aGzippedFileReadsLikeAPlainOne() throws Exception {
    files.gzip("a.jsonl.gz", "{\"text\":\"one\"}\n");
    assertThat(documents("a.jsonl.gz")).containsExactly("one");
  }

  @Test
  void aJsonFileIsAnArrayOfRows() throws Exception {
    files.write("a.json", "[", " {\"text\": \"one\"},", " {\"text\": \"two\"}", "]");
    assertThat(documents("a.json")).containsExactly("one", "two");
  }

  @Test
  void csvIsReadByItsFirstLine() throws Exception {
    files.write("a.csv", "id,text", "1,\"one, with", "two lines and a \"\"quote\"\"\"", "2,two");
    assertThat(documents("a.csv")).containsExactly("one, with\ntwo lines and a \"quote\"", "two");
  }

  @Test
  void parquetIsReadThroughDuckDb() throws Exception {
    files.parquet("a.parquet", "SELECT 'text ' || i AS text FROM range(3) t(i)");
    assertThat(documents("a.parquet")).containsExactly("text 0", "text 1", "text 2");
  }

  @Test
  void columnsMayHaveOtherNames() throws Exception {
    files.write("a.csv", "body", "one");
    var source =
        new DataSource(
            folder + "/a.csv", Optional.empty(), Optional.empty(), Map.of("text", "body"));
    assertThat(DataFolder.read(DatasetReader.documents(DataFolder.data(0, source))))
        .containsExactly(new Document("one"));
  }

  @Test
  void patternsReadTheirFilesInOrder() throws Exception {
    files.write("deep/2.jsonl", "{\"text\":\"two\"}");
    files.write("deep/1.jsonl", "{\"text\":\"one\"}");
    files.write("0.csv", "text", "zero");
    assertThat(documents("**.{csv,jsonl}")).containsExactly("zero", "one", "two");
  }

  @Test
  void aNameWithPatternCharactersOrQuotesIsReadLiterally() throws Exception {
    files.write("it's [1]*.jsonl", "{\"text\":\"one\"}");
    files.parquet("plain.parquet", "SELECT 'two' AS text");
    Files.move(folder.resolve("plain.parquet"), folder.resolve("it's [2]?.parquet"));
    assertThat(documents("it's [1]*.jsonl")).containsExactly("one");
    assertThat(documents("it's [2]?.parquet")).containsExactly("two");
  }

  @Test
  void rowsAreReadAsTheyArePulled() throws Exception {
    files.write("a.jsonl", "{\"text\":\"one\"}", "not json");
    try (var documents = DatasetReader.documents(data("a.jsonl"))) {
      assertThat(documents.next()).isEqualTo(new Document("one"));
      assertThatThrownBy(documents::next).isInstanceOf(QuartetException.class);
    }
  }

  @Test
  void aBadRowIsNamedByItsLineAmongEmptyOnes() throws Exception {
    files.write("a.jsonl", "{\"text\":\"one\"}", "", "", "{\"txt\":\"two\"}");
    assertInvalid("a.jsonl", folder + "/a.jsonl:4: 'text': got nothing, expected text");
    files.write("a.json", "[{\"text\":\"one\"},", "", "{\"txt\":\"two\"}]");
    assertInvalid("a.json", folder + "/a.json:3: 'text': got nothing, expected text");
    files.write("a.csv", "text,n", "\"one", "line\",1", "two", "three,3");
    assertInvalid("a.csv", folder + "/a.csv:4: got 1 columns, expected 2");
    files.parquet("a.parquet", "SELECT * FROM (VALUES ('one'), (NULL)) t(text)");
    assertInvalid("a.parquet", folder + "/a.parquet:2: 'text': got null, expected text");
  }

  @Test
  void aRowThatIsNotJsonSaysWhy() throws Exception {
    files.write("a.jsonl", "{\"text\":");
    assertInvalid("a.jsonl", folder + "/a.jsonl:1: not JSON: ");
    files.write("a.jsonl", "[1]");
    assertInvalid("a.jsonl", folder + "/a.jsonl:1: got an array, expected a JSON object");
    files.write("a.json", "[{\"text\": \"one\"},", "{\"text\"]");
    assertInvalid("a.json", folder + "/a.json:2: not JSON: ");
  }

  @Test
  void bytesThatAreNotUtf8AreNamedByTheirLine() throws Exception {
    for (String name : List.of("a.jsonl", "a.txt", "a.csv")) {
      byte[] bytes = "text\n{\"text\":\"caf\u00e9\"}\n".getBytes(StandardCharsets.ISO_8859_1);
      Files.write(folder.resolve(name), bytes);
    }
    Files.writeString(folder.resolve("a.jsonl"), "{\"text\":\"one\"}\n");
    Files.write(
        folder.resolve("a.jsonl"),
        "{\"text\":\"one\"}\n{\"text\":\"caf\u00e9\"}\n".getBytes(StandardCharsets.ISO_8859_1));
    assertInvalid("a.jsonl", folder + "/a.jsonl:2: bytes that are not UTF-8");
    assertInvalid("a.txt", folder + "/a.txt:2: bytes that are not UTF-8");
    assertInvalid("a.csv", folder + "/a.csv:2: bytes that are not UTF-8");
  }

  @Test
  void anEmptyTextFileIsInvalid() throws Exception {
    files.write("a.txt", "", "");
    assertInvalid("a.txt", folder + "/a.txt:1: expected text, the file is empty");
  }

  @Test
  void aFileThatIsNotWhatItsEndingSaysIsInvalid() throws Exception {
    files.write("a.jsonl.gz", "{\"text\":\"one\"}");
    assertInvalid("a.jsonl.gz", folder + "/a.jsonl.gz: not gzip: Not in GZIP format");
    files.write("a.parquet", "not parquet at all");
    assertInvalid("a.parquet", folder + "/a.parquet: Invalid Input Error: No magic bytes");
  }

  @Test
  void aMissingFileAFolderAndAPatternWithoutAFileAreInvalidAtOnce() throws Exception {
    assertInvalid(
        "gone.txt", "data: " + folder + "/gone.txt is not there, expected a file or a pattern");
    assertInvalid(
        "gone/*.txt", "data: " + folder + "/gone/*.txt matches no file, expected one at least");
    Files.createDirectories(folder.resolve("sub"));
    assertInvalid("sub", "data: " + folder + "/sub is a folder");
  }

  @Test
  void aFileOfAnotherKindIsInvalid() throws Exception {
    files.write("a.pdf", "text");
    files.write("a.txt", "text");
    assertInvalid("a.pdf", "data: " + folder + "/a.pdf: expected a file that ends with .txt, .md");
    assertThatThrownBy(() -> DatasetReader.demonstrations(data("a.txt")))
        .hasMessageContaining("a.txt: expected a file that ends with .jsonl, .jsonl.gz");
  }

  @Test
  void filesWithoutARowLeftAreInvalid() throws Exception {
    files.write("a.csv", "text");
    assertInvalid("a.csv", "data.documents: no row is left of [" + folder + "/a.csv: text, 0 rows");
  }

  private DataSection data(String pattern) {
    return DataFolder.data(0, files.source(pattern));
  }

  private List<String> documents(String pattern) {
    return DataFolder.read(DatasetReader.documents(data(pattern))).stream()
        .map(Document::text)
        .toList();
  }

  private void assertInvalid(String pattern, String message) {
    assertThatThrownBy(() -> documents(pattern))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessageStartingWith(message);
  }
}
