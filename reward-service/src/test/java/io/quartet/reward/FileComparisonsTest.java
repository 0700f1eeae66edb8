package io.quartet.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.DatasetReader;
import io.quartet.recipe.Recipe;
import java.io.BufferedWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileComparisonsTest {
  private static final int HEAP_MIB = 32;
  private static final int FILE_MIB = 36;

  @TempDir private static Path folder;
  private static Tokenizer tokenizer;
  private static ChatTemplate template;

  @BeforeAll
  static void loadABaseModel() {
    Checkpoint model = new UntrainedModels(new CheckpointStore(folder)).base();
    tokenizer = model.tokenizer();
    template = new ChatTemplate(tokenizer);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void allPairsOfOnePromptAreDrawnTogetherWhateverTheirNumber() throws Exception {
    List<String> rows = new ArrayList<>();
    for (int k = 2; k <= 9; k++) {
      StringBuilder answers = new StringBuilder("\"best\"");
      for (int i = 1; i < k; i++) {
        answers.append(", \"answer ").append(i).append('"');
      }
      rows.add("{\"prompt\": \"say %d\", \"answers\": [%s]}".formatted(k, answers));
    }
    FileComparisons comparisons = read(0, 128, rows);

    assertThat(comparisons.sets()).hasSize(8);
    var random = new SplittableRandom(1);
    for (int draw = 0; draw < 100; draw++) {
      RatedAnswers set = comparisons.draw(random);
      assertThat(set.pairs()).hasSize(set.size() * (set.size() - 1) / 2);
      assertThat(set.sequences().get(0)).isEqualTo(tokens("say " + set.size(), "best"));
    }
  }

  @Test
  void moreComparisonsThanAreEncodedAtOnceKeepTheirOrder() throws Exception {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      rows.add("{\"prompt\": \"%d\", \"chosen\": \"a\", \"rejected\": \"b\"}".formatted(i));
    }
    FileComparisons comparisons = read(0, 128, rows);

    assertThat(comparisons.sets()).hasSize(600);
    for (int i = 0; i < 600; i++) {
      RatedAnswers set = comparisons.sets().get(i);
      assertThat(set.sequences().get(0)).isEqualTo(tokens(Integer.toString(i), "a"));
      assertThat(set.sequences().get(1)).isEqualTo(tokens(Integer.toString(i), "b"));
      assertThat(set.ratings()).containsExactly(1, 0);
    }
  }

  @Test
  void oneThatIsLongerThanTheContextIsABadRow() throws Exception {
    List<String> rows =
        List.of(
            "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}",
            "{\"prompt\": \"%s\", \"chosen\": \"b\", \"rejected\": \"c\"}"
                .formatted("so ".repeat(90)));
    int length = tokens("so ".repeat(90), "b").length;

    assertThatThrownBy(() -> read(0, 40, rows))
        .hasMessage(
            "%s/own.jsonl:2: %d tokens, expected at most the context length 40", folder, length);
    assertThat(read(1, 40, rows).sets()).hasSize(1);
    assertThat(read(1, 40, rows).summary().kept()).isEqualTo(1);
  }

  @Test
  void moreComparisonsThanTheHeapHoldsAreDrawn() throws Exception {
    Path file = folder.resolve("many.jsonl");
    int rows = FILE_MIB * 300;
    try (BufferedWriter writer = Files.newBufferedWriter(file)) {
      for (int i = 0; i < rows; i++) {
        String answer = ("and so on " + i + " ").repeat(120);
        writer.write(
            "{\"prompt\": \"%d\", \"chosen\": \"%s\", \"rejected\": \"%s!\"}%n"
                .formatted(i, answer, answer));
      }
    }
    assertThat(Files.size(file)).isGreaterThan((long) FILE_MIB << 20);

    var command =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx%dm".formatted(HEAP_MIB),
                Drawing.class.getName(),
                folder.toString(),
                file.toString())
            .redirectErrorStream(true);
    // Not as an argument: ONNX Runtime crashes as it loads where the command line is so long.
    command.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process drawing = command.start();
    String said = new String(drawing.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(drawing.waitFor()).as(said).isZero();
    assertThat(said.lines().reduce((first, last) -> last))
        .hasValue("%d comparisons, 2000 answers".formatted(rows));
  }

  /** What the other process does. */
  static final class Drawing {
    private Drawing() {}

    public static void main(String... args) {
      Path home = Path.of(args[0]);
      Checkpoint model = new CheckpointStore(home).latest(Stage.BASE, "r").orElseThrow();
      try (Tokenizer tokenizer = model.tokenizer();
          var reading = DatasetReader.comparisons(recipe(Path.of(args[1]), 0).data())) {
        var template = new ChatTemplate(tokenizer);
        FileComparisons comparisons =
            FileComparisons.of(reading, template, Recital.NONE, 1 << 20, home, () -> {});
        var random = new SplittableRandom(1);
        int answers = 0;
        for (int i = 0; i < 1000; i++) {
          answers += comparisons.draw(random).size();
        }
        System.out.printf("%d comparisons, %d answers%n", comparisons.sets().size(), answers);
      }
    }
  }

  private static FileComparisons read(long badRows, int context, List<String> rows)
      throws Exception {
    Path file = Files.writeString(folder.resolve("own.jsonl"), String.join("\n", rows));
    try (var reading = DatasetReader.comparisons(recipe(file, badRows).data())) {
      return FileComparisons.of(reading, template, Recital.NONE, context, folder, () -> {});
    }
  }

  private static Recipe recipe(Path comparisons, long badRows) {
    return Recipe.parse(
        "data: {lessons: null, documents: [x], demonstrations: [x], prompts: [x],"
            + " comparisons: ['%s'], bad_rows: %d}".formatted(comparisons, badRows));
  }

  private static int[] tokens(String prompt, String answer) {
    return template
        .encode(Conversation.of(Message.user(prompt), Message.assistant(answer)))
        .tokenIds();
  }
}
