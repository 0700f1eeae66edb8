package io.quartet.datasets;

import io.quartet.checkpoint.QuartetException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Reads people's own files. Every method takes paths or patterns ({@code data/**}{@code /*.jsonl})
 * and gives a stream that reads as it is pulled and must be closed; none holds more than a row.
 *
 * <p>All throw {@link QuartetException} INVALID_ARGUMENT: at once for a pattern without a file or a
 * file of another kind, on the way for a bad row, with its file, line and reason.
 */
public final class DatasetReader {
  private static final List<String> LINES = List.of(".jsonl", ".jsonl.gz");
  private static final List<String> TEXTS = List.of(".txt", ".md", ".jsonl", ".jsonl.gz");

  private DatasetReader() {}

  /** Documents: a .txt or .md file is one; in .jsonl(.gz) every row's {@code text} is one. */
  public static Stream<Document> documents(List<String> patterns) {
    return rows(
        DatasetFiles.matching(patterns, TEXTS),
        row ->
            row.file().toString().contains(".jsonl")
                ? new Document(JsonRow.of(row).text("text"))
                : whole(row));
  }

  /** Demonstrations: {@code messages} as OpenAI's, the last one the assistant's. */
  public static Stream<Demonstration> demonstrations(List<String> patterns) {
    return rows(
        DatasetFiles.matching(patterns, LINES),
        row -> {
          JsonRow json = JsonRow.of(row);
          return new Demonstration(json.endingWithAnswer("messages"));
        });
  }

  /**
   * Comparisons: {@code prompt}, {@code chosen} and {@code rejected}, each a string or messages. A
   * string prompt is the user's; answers as messages are the assistant's message alone or the
   * prompt's messages and then it.
   */
  public static Stream<Comparison> comparisons(List<String> patterns) {
    return rows(
        DatasetFiles.matching(patterns, LINES),
        row -> {
          JsonRow json = JsonRow.of(row);
          return new Comparison(
              json.prompt("prompt"),
              json.answer("chosen", "prompt"),
              json.answer("rejected", "prompt"),
              Optional.empty());
        });
  }

  /**
   * Prompts: {@code prompt}, a string or messages, or else {@code messages}; the last message is
   * the user's. The id is {@code id} or the file and the row's number.
   */
  public static Stream<Prompt> prompts(List<String> patterns) {
    return rows(
        DatasetFiles.matching(patterns, LINES),
        row -> {
          JsonRow json = JsonRow.of(row);
          String key = json.has("prompt") ? "prompt" : "messages";
          String id = json.has("id") ? json.text("id") : row.file() + "#" + row.number();
          return new Prompt(id, json.prompt(key));
        });
  }

  private static Document whole(Rows.Row row) {
    if (row.text().isBlank()) {
      throw BadRow.at(row, "expected text, the file is empty");
    }
    return new Document(row.text());
  }

  // Not flatMap over files: pulled through an iterator, it would collect each file first.
  private static <T> Stream<T> rows(List<Path> files, Function<Rows.Row, T> parse) {
    Rows rows = new Rows(files);
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(rows, Spliterator.ORDERED | Spliterator.NONNULL),
            false)
        .onClose(rows::close)
        .map(parse);
  }
}
