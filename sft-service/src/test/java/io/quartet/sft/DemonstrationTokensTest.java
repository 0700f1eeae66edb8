package io.quartet.sft;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.EncodedConversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.datasets.Corpus;
import io.quartet.datasets.DatasetReader;
import io.quartet.model.PackedBatch;
import io.quartet.model.PackedBatch.LastToken;
import io.quartet.model.TokenSequence;
import io.quartet.recipe.Recipe;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemonstrationTokensTest {
  private static final int HEAP_MIB = 24;
  private static final int FILE_MIB = 32;
  private static final int ANSWER = 100 << 10;

  @TempDir private Path folder;

  @Test
  void aDemonstrationIsReadAsItWasEncoded() throws Exception {
    Files.writeString(
        folder.resolve("own.jsonl"),
        """
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}
        {"messages": [{"role": "system", "content": "be short"}, {"role": "user", "content": "say"},
          {"role": "assistant", "content": "once"}, {"role": "user", "content": "again"},
          {"role": "assistant", "content": "once more"}]}
        """
            .replace("\n  ", " "));
    try (Tokenizer tokenizer = tokenizer(folder)) {
      var template = new ChatTemplate(tokenizer);
      DemonstrationTokens tokens = write(folder, tokenizer);

      assertThat(tokens.size()).isEqualTo(2);
      assertThat(batch(tokens.get(0)))
          .isDeepEqualTo(
              batch(
                  encoded(
                      template.encode(
                          Conversation.of(Message.user("hi"), Message.assistant("hello"))))));
      EncodedConversation second =
          template.encode(
              Conversation.of(
                  Message.system("be short"),
                  Message.user("say"),
                  Message.assistant("once"),
                  Message.user("again"),
                  Message.assistant("once more")));
      assertThat(batch(tokens.get(1))).isDeepEqualTo(batch(encoded(second)));
    }
  }

  /** Inputs and targets; a target is −1 where nothing is trained. */
  private static long[][] batch(TokenSequence sequence) {
    PackedBatch batch = PackedBatch.pack(List.of(sequence), 512, LastToken.READ);
    return new long[][] {batch.tokens()[0], batch.targets()[0]};
  }

  private static TokenSequence encoded(EncodedConversation conversation) {
    return TokenSequence.of(conversation.tokenIds(), conversation.trained());
  }

  @Test
  void moreDemonstrationsThanTheHeapHoldsAreAnEpoch() throws Exception {
    tokenizer(folder).close();
    try (BufferedWriter writer = Files.newBufferedWriter(folder.resolve("own.jsonl"))) {
      for (int i = 0; i < FILE_MIB * 11; i++) {
        writer.write(
            """
            {"messages": [{"role": "user", "content": "say %d"}, {"role": "assistant", "content": "%s"}]}
            """
                .formatted(i, ("and so on " + i + " ").repeat(ANSWER / 14)));
      }
    }
    assertThat(Files.size(folder.resolve("own.jsonl"))).isGreaterThan((long) FILE_MIB << 20);

    Process epoch =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx%dm".formatted(HEAP_MIB),
                "-cp",
                System.getProperty("java.class.path"),
                Epoch.class.getName(),
                folder.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(epoch.getInputStream().readAllBytes());

    assertThat(epoch.waitFor()).as(said).isZero();
    int trained = FILE_MIB * 11 * 19 / 20;
    assertThat(said.lines().reduce((first, last) -> last))
        .hasValueSatisfying(
            line ->
                assertThat(line).matches("(%d|%d) demonstrations".formatted(trained, trained + 1)));
  }

  /** What the other process does. */
  static final class Epoch {
    private Epoch() {}

    public static void main(String... args) throws IOException {
      Path folder = Path.of(args[0]);
      try (Tokenizer tokenizer = Tokenizer.load(folder)) {
        Recipe recipe = recipe(folder);
        ModelConfig config = recipe.model().config(tokenizer.vocabularySize());
        var data =
            new SftData(tokenizer, config, recipe, Corpus.of(recipe), write(folder, tokenizer));
        int count = 0;
        for (Iterator<TokenSequence> epoch = data.epoch(0); epoch.hasNext(); epoch.next()) {
          count++;
        }
        System.out.println(count + " demonstrations");
      }
    }
  }

  private static Tokenizer tokenizer(Path folder) throws IOException {
    TokenizerFiles.write(folder, new BpeTrainer(270).train(List.of("and so on 1 2"), Map.of()));
    return Tokenizer.load(folder);
  }

  private static DemonstrationTokens write(Path folder, Tokenizer tokenizer) {
    try (var reading = DatasetReader.demonstrations(recipe(folder).data())) {
      return DemonstrationTokens.write(
          folder, reading, new ChatTemplate(tokenizer), tokenizer.vocabularySize(), read -> {});
    }
  }

  private static Recipe recipe(Path folder) {
    return Recipe.parse(
        """
        data: {lessons: null, documents: [x], comparisons: [x], prompts: [x],
          demonstrations: ['%s/own.jsonl']}
        sft: {base_text_share: 0}
        """
            .formatted(folder));
  }
}
