package io.quartet.rl.learner;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.Folders;
import io.quartet.checkpoint.QuartetException;
import io.quartet.datasets.DataSummary;
import io.quartet.datasets.DatasetReader;
import io.quartet.datasets.LessonSettings;
import io.quartet.datasets.Prompt;
import io.quartet.datasets.Reading;
import io.quartet.datasets.Split;
import io.quartet.datasets.WordNetLessons;
import io.quartet.model.TokenShardWriter;
import io.quartet.model.TokenShards;
import io.quartet.recipe.Recipe;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Prompts as the model reads them, mapped into memory, so that there may be more of them than fit
 * there. The shards have two documents of each: the bytes of its id, and its tokens.
 */
final class PromptTokens {
  private static final String FOLDER = "prompts";
  private static final int BYTES = 1 << 8;

  private final TokenShards shards;
  private final DataSummary summary;

  private PromptTokens(TokenShards shards, DataSummary summary) {
    this.shards = shards;
    this.summary = summary;
  }

  /**
   * A prompt as the model reads it.
   *
   * @param id the prompt's own id, or its place in the file
   */
  record Encoded(String id, int[] tokens) {}

  /**
   * Encodes all prompts of a recipe as they are read: questions about A and B words, then a user's
   * own.
   *
   * @param scratch a folder of the stage's own
   * @param vocabulary one more than the highest token id
   * @param modelContext the most tokens that the model reads
   * @throws QuartetException INVALID_ARGUMENT if one leaves no room for an answer;
   *     RESOURCE_EXHAUSTED if the disk is full
   */
  static PromptTokens write(
      Path scratch, Recipe recipe, ChatTemplate template, int vocabulary, int modelContext) {
    Path folder = scratch.resolve(FOLDER);
    Folders.deleteTree(folder); // of an earlier process, perhaps unfinished
    try (Reading<Prompt> own = DatasetReader.prompts(recipe.data())) {
      try (var writer = new TokenShardWriter(folder, Math.max(vocabulary, BYTES))) {
        var encoder = new Encoder(writer, template, recipe.rl().maxTokens(), modelContext);
        recipe
            .data()
            .lessons()
            .map(lessons -> new WordNetLessons(LessonSettings.of(lessons, recipe.seed())))
            .ifPresent(lessons -> encoder.lessons(lessons.prompts(Split.A, Split.B)));
        encoder.own(own);
      }
      return new PromptTokens(TokenShards.open(folder), own.summary());
    }
  }

  /** Writes prompts that leave {@code answer} tokens of {@code context} free. */
  private record Encoder(TokenShardWriter writer, ChatTemplate template, int answer, int context) {
    void lessons(List<Prompt> prompts) {
      for (Prompt prompt : prompts) {
        add(prompt, prompt.id())
            .ifPresent(
                reason -> {
                  throw new QuartetException(
                      ErrorCode.INVALID_ARGUMENT, "prompt '%s': %s".formatted(prompt.id(), reason));
                });
      }
    }

    void own(Reading<Prompt> prompts) {
      while (prompts.hasNext()) {
        Prompt prompt = prompts.next();
        add(prompt, prompt.id().isEmpty() ? prompts.place() : prompt.id())
            .ifPresent(prompts::reject);
      }
    }

    /** Why it cannot be asked, or else adds it. */
    private Optional<String> add(Prompt prompt, String id) {
      int[] tokens = template.prompt(prompt.conversation());
      if (tokens.length > context - answer) {
        return Optional.of(
            "%d tokens, expected at most %d so that %d fit into the context of %d"
                .formatted(tokens.length, context - answer, answer, context));
      }
      for (byte one : id.getBytes(UTF_8)) {
        writer.add(one & 0xff);
      }
      writer.endDocument();
      writer.add(tokens);
      writer.endDocument();
      return Optional.empty();
    }
  }

  /** How many there are. */
  int size() {
    return shards.documents() / 2;
  }

  /** One of them, in the order they were read. */
  Encoded get(int number) {
    int[] name = shards.document(2 * number);
    byte[] id = new byte[name.length];
    for (int i = 0; i < id.length; i++) {
      id[i] = (byte) name[i];
    }
    return new Encoded(new String(id, UTF_8), shards.document(2 * number + 1));
  }

  /** Tokens of the longest. */
  int longest() {
    return IntStream.range(0, size()).map(i -> shards.length(2 * i + 1)).max().orElse(0);
  }

  /** What was found in the user's files. */
  DataSummary summary() {
    return summary;
  }
}
