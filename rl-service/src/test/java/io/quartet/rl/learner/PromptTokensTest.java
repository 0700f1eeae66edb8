package io.quartet.rl.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.recipe.Recipe;
import io.quartet.rl.TinyPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptTokensTest {
  @TempDir private Path folder;

  @Test
  void aPromptThatLeavesNoRoomForAnAnswerIsABadRow() throws Exception {
    Path file = folder.resolve("own.csv");
    Files.writeString(file, "prompt\nthe cat\n" + "why, ".repeat(20) + "\nthe mat\n");

    assertThatThrownBy(() -> prompts(file, 0))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessageMatching("\\Q%s\\E:3: got 21 columns, expected 1".formatted(file));
    Files.writeString(file, "prompt\nthe cat\n" + "why ".repeat(20) + "\nthe mat\n");
    assertThatThrownBy(() -> prompts(file, 0))
        .hasMessageMatching(
            "\\Q%s\\E:3: \\d+ tokens, expected at most 24 so that 8 fit into the context of 32"
                .formatted(file));

    PromptTokens prompts = prompts(file, 1);

    assertThat(prompts.summary().kept()).isEqualTo(2);
    assertThat(prompts.summary().lines())
        .contains("data.prompts: " + file + ": pairs, 3 rows, 1 bad, 0 duplicates");
  }

  @Test
  void aPromptIsReadBackWithItsIdAndItsTokens() throws Exception {
    Path file = folder.resolve("own.jsonl");
    Files.writeString(
        file,
        """
        {"id": "größe-1", "prompt": "the cat"}
        {"prompt": "the mat"}
        """);

    PromptTokens prompts = prompts(file, 0);

    assertThat(prompts.size()).isEqualTo(2);
    assertThat(prompts.get(0).id()).isEqualTo("größe-1");
    assertThat(prompts.get(1).id()).isEqualTo(file + ":2");
    try (Tokenizer tokenizer = policy().tokenizer()) {
      assertThat(prompts.get(1).tokens())
          .containsExactly(
              new ChatTemplate(tokenizer).prompt(Conversation.of(Message.user("the mat"))));
    }
    assertThat(prompts.longest())
        .isEqualTo(Math.max(prompts.get(0).tokens().length, prompts.get(1).tokens().length));
  }

  private PromptTokens prompts(Path file, long badRows) {
    Recipe recipe =
        Recipe.parse(
            "data: {lessons: null, documents: [x], demonstrations: [x], comparisons: [x],"
                + " prompts: ['%s'], bad_rows: %d}%nrl: {max_tokens: 8}%n"
                    .formatted(file, badRows));
    try (Tokenizer tokenizer = policy().tokenizer()) {
      return PromptTokens.write(
          folder.resolve("scratch"),
          recipe,
          new ChatTemplate(tokenizer),
          tokenizer.vocabularySize(),
          32);
    }
  }

  private Checkpoint policy() {
    var store = new CheckpointStore(folder.resolve("home"));
    CheckpointId id = CheckpointId.parse("sft/r/1");
    return store.find(id).orElseGet(() -> TinyPolicy.publish(store, "sft/r/1", 1));
  }
}
