package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Role;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetReaderTest {
  @TempDir Path folder;

  @Test
  void aTextFileIsOneDocument() throws IOException {
    write("a.txt", "to be\n\nor not\n");
    write("b.md", "# Title\n");
    assertThat(read(DatasetReader::documents, "*.{txt,md}"))
        .containsExactly(new Document("to be\n\nor not\n"), new Document("# Title\n"));
  }

  @Test
  void everyRowOfAJsonFileIsADocument() throws IOException {
    write("a.jsonl", "{\"text\":\"one, \\\"two\\\"\"}\r\n\n{\"text\":\"caf\u00e9\"}");
    assertThat(read(DatasetReader::documents, "a.jsonl"))
        .containsExactly(new Document("one, \"two\""), new Document("caf\u00e9"));
  }

  @Test
  void aGzippedFileReadsLikeAPlainOne() throws IOException {
    try (OutputStream gzip =
        new GZIPOutputStream(Files.newOutputStream(folder.resolve("a.jsonl.gz")))) {
      gzip.write("{\"text\":\"one\"}\n".getBytes(StandardCharsets.UTF_8));
    }
    assertThat(read(DatasetReader::documents, "a.jsonl.gz")).containsExactly(new Document("one"));
  }

  @Test
  void patternsReadTheirFilesInOrder() throws IOException {
    write("deep/2.jsonl", "{\"text\":\"two\"}\n");
    write("deep/1.jsonl", "{\"text\":\"one\"}\n");
    write("0.jsonl", "{\"text\":\"zero\"}\n");
    assertThat(read(DatasetReader::documents, "**.jsonl"))
        .extracting(Document::text)
        .containsExactly("zero", "one", "two");
  }

  @Test
  void aNameWithPatternCharactersOrQuotesIsReadLiterally() throws IOException {
    write("it's [1]*.jsonl", "{\"text\":\"one\"}\n");
    assertThat(read(DatasetReader::documents, "it's [1]*.jsonl"))
        .containsExactly(new Document("one"));
  }

  @Test
  void demonstrationsAreOpenAiMessages() throws IOException {
    write(
        "a.jsonl",
        "{\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},"
            + "{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":\"Hello\"}]}");
    assertThat(read(DatasetReader::demonstrations, "a.jsonl"))
        .containsExactly(
            new Demonstration(
                new Conversation(
                    List.of(
                        new Message(Role.SYSTEM, "Be brief."),
                        new Message(Role.USER, "Hi"),
                        new Message(Role.ASSISTANT, "Hello")))));
  }

  @Test
  void comparisonsAsStringsAndAsMessagesAreTheSame() throws IOException {
    write("a.jsonl", "{\"prompt\":\"Hi\",\"chosen\":\"Hello\",\"rejected\":\"No\"}\n");
    write(
        "b.jsonl",
        "{\"prompt\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
            + "\"chosen\":[{\"role\":\"assistant\",\"content\":\"Hello\"}],"
            + "\"rejected\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":\"No\"}]}");
    Comparison expected =
        new Comparison(
            new Conversation(List.of(new Message(Role.USER, "Hi"))),
            "Hello",
            "No",
            Optional.empty());
    assertThat(read(DatasetReader::comparisons, "*.jsonl")).containsExactly(expected, expected);
  }

  @Test
  void promptsTakeTheirIdFromTheRow() throws IOException {
    write(
        "a.jsonl",
        "{\"id\":\"greet\",\"prompt\":\"Hi\"}\n{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}\n");
    assertThat(read(DatasetReader::prompts, "a.jsonl"))
        .extracting(Prompt::id)
        .containsExactly("greet", folder + "/a.jsonl#2");
  }

  @Test
  void rowsAreReadAsTheyArePulled() throws IOException {
    write("a.jsonl", "{\"text\":\"one\"}\nnot json\n");
    try (Stream<Document> documents = DatasetReader.documents(List.of(folder + "/a.jsonl"))) {
      Iterator<Document> pulled = documents.iterator();
      assertThat(pulled.next()).isEqualTo(new Document("one"));
      assertThatThrownBy(pulled::next).isInstanceOf(QuartetException.class);
    }
  }

  @Test
  void aBadRowIsNamedByItsLineAmongEmptyOnes() throws IOException {
    write("a.jsonl", "{\"text\":\"one\"}\n\n\n{\"txt\":\"two\"}\n");
    assertInvalid(
        DatasetReader::documents,
        "a.jsonl",
        folder + "/a.jsonl:4: 'text': got nothing, expected text");
  }

  @Test
  void aRowThatIsNotJsonSaysWhy() throws IOException {
    write("a.jsonl", "{\"text\":\n");
    assertInvalid(DatasetReader::documents, "a.jsonl", folder + "/a.jsonl:1: not JSON: ");
    write("a.jsonl", "[1]\n");
    assertInvalid(
        DatasetReader::documents,
        "a.jsonl",
        folder + "/a.jsonl:1: got an array, expected a JSON object");
  }

  @Test
  void bytesThatAreNotUtf8AreNamedByTheirLine() throws IOException {
    Files.write(
        folder.resolve("a.jsonl"),
        "{\"text\":\"a\"}\n{\"text\":\"caf\u00e9\"}\n".getBytes(StandardCharsets.ISO_8859_1));
    Files.write(folder.resolve("a.txt"), "a\n\ncaf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
    assertInvalid(
        DatasetReader::documents, "a.jsonl", folder + "/a.jsonl:2: bytes that are not UTF-8");
    assertInvalid(DatasetReader::documents, "a.txt", folder + "/a.txt:3: bytes that are not UTF-8");
  }

  @Test
  void messagesAreCheckedOneByOne() throws IOException {
    write("a.jsonl", "{\"messages\":[{\"role\":\"human\",\"content\":\"Hi\"}]}\n");
    assertInvalid(
        DatasetReader::demonstrations,
        "a.jsonl",
        folder + "/a.jsonl:1: 'messages[0].role': got 'human', expected system, user or assistant");
    write("a.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}\n");
    assertInvalid(
        DatasetReader::demonstrations,
        "a.jsonl",
        folder
            + "/a.jsonl:1: 'messages': the last message is the user's, expected the assistant's");
  }

  @Test
  void anAnswerToAnotherPromptIsInvalid() throws IOException {
    write(
        "a.jsonl",
        "{\"prompt\":\"Hi\",\"chosen\":[{\"role\":\"user\",\"content\":\"Bye\"},"
            + "{\"role\":\"assistant\",\"content\":\"Hello\"}],\"rejected\":\"No\"}\n");
    assertInvalid(
        DatasetReader::comparisons,
        "a.jsonl",
        folder
            + "/a.jsonl:1: 'chosen': expected the answer alone or after the messages of 'prompt'");
  }

  @Test
  void anEmptyTextFileIsInvalid() throws IOException {
    write("a.txt", "\n");
    assertInvalid(
        DatasetReader::documents, "a.txt", folder + "/a.txt:1: expected text, the file is empty");
  }

  @Test
  void aMissingFileAFolderAndAPatternWithoutAFileAreInvalidAtOnce() throws IOException {
    assertInvalid(
        DatasetReader::documents,
        "gone.txt",
        "data: " + folder + "/gone.txt is not there, expected a file or a pattern");
    assertInvalid(
        DatasetReader::documents,
        "gone/*.txt",
        "data: " + folder + "/gone/*.txt matches no file, expected one at least");
    Files.createDirectories(folder.resolve("sub"));
    assertInvalid(DatasetReader::documents, "sub", "data: " + folder + "/sub is a folder");
  }

  @Test
  void aFileOfAnotherKindIsInvalid() throws IOException {
    write("a.csv", "text\n");
    assertInvalid(
        DatasetReader::demonstrations,
        "a.csv",
        "data: " + folder + "/a.csv: expected a file that ends with .jsonl or .jsonl.gz");
  }

  private void write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private <T> List<T> read(Function<List<String>, Stream<T>> reader, String pattern) {
    try (Stream<T> rows = reader.apply(List.of(folder + "/" + pattern))) {
      return rows.toList();
    }
  }

  private <T> void assertInvalid(
      Function<List<String>, Stream<T>> reader, String pattern, String message) {
    assertThatThrownBy(() -> read(reader, pattern))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessageStartingWith(message);
  }
}
