package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.BpeTrainer;
import io.quartet.recipe.Recipe;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A corpus that is larger than the heap of the process that reads it. */
class SmallHeapTest {
  private static final int HEAP_MIB = 48;
  private static final int CORPUS_MIB = 64;
  private static final String SENTENCE = "the quick brown fox jumps over the lazy dog number ";

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"own.jsonl", "own.csv", "own.txt"})
  void aCorpusLargerThanTheHeapIsReadAndATokenizerTrainedOnIt(String name) throws Exception {
    Path file = folder.resolve(name);
    write(file);
    assertThat(Files.size(file)).isGreaterThan((long) CORPUS_MIB << 20);

    Process reader =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx%dm".formatted(HEAP_MIB),
                "-cp",
                System.getProperty("java.class.path"),
                Reader.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(reader.getInputStream().readAllBytes());

    assertThat(reader.waitFor()).as(said).isZero();
    assertThat(said.lines().reduce((first, last) -> last))
        .hasValueSatisfying(line -> assertThat(line).matches("\\d+ MiB of text, 270 tokens"))
        .hasValueSatisfying(
            line ->
                assertThat(Integer.parseInt(line.split(" ")[0]))
                    .isGreaterThan(CORPUS_MIB * 9 / 10));
  }

  /** Documents of about a hundred kilobytes, none like another. */
  private static void write(Path file) throws IOException {
    String name = file.toString();
    try (BufferedWriter writer = Files.newBufferedWriter(file)) {
      writer.write(name.endsWith(".csv") ? "text\n" : "");
      for (int i = 0; i < CORPUS_MIB * 10 + 100; i++) {
        String text = (SENTENCE + i + " ").repeat((100 << 10) / 55);
        writer.write(
            name.endsWith(".jsonl") ? "{\"text\": \"%s\"}%n".formatted(text) : text + "\n");
        writer.write(name.endsWith(".txt") ? "\n" : "");
      }
    }
  }

  /** What the other process does. */
  static final class Reader {
    private Reader() {}

    public static void main(String... args) {
      Corpus corpus =
          Corpus.of(
              Recipe.parse(
                  "stages: [base]\ndata: {lessons: null, documents: ['%s']}".formatted(args[0])));
      long characters = 0;
      try (OwnDocuments own = corpus.own()) {
        while (own.hasNext()) {
          characters += own.next().document().text().length();
        }
      }
      int tokens = new BpeTrainer(270, 1).train(corpus.tokenizerTexts(), Map.of()).size();
      System.out.printf("%d MiB of text, %d tokens%n", characters >> 20, tokens);
    }
  }
}
