package io.quartet.gateway;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.BpeVocabulary;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.SpecialTokens;
import io.quartet.checkpoint.TensorSource;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.checkpoint.TrainingRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Real checkpoints that say what a test wants: attention and feed-forward add nothing, and the
 * output projection's row of a token is the embedding of the token before it. So the likeliest next
 * token is a function of the last one, by a margin that no rounding changes.
 */
final class ScriptedModels {
  static final int CONTEXT = 64;

  private static final int WIDTH = 64;
  private static final int VOCABULARY = BpeVocabulary.FIRST_MERGE;

  private static final String BEGINNING =
      """
      {"type": "TemplateProcessing",
       "single": [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
       "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
       "special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}}}
      """;

  private ScriptedModels() {}

  /**
   * Publishes a model that, after the first character of {@code text} or after the beginning of the
   * assistant's turn, goes on with the rest of the text and ends. Any other character is followed
   * by itself for ever. No byte may come twice in the text.
   */
  static Checkpoint publish(CheckpointStore store, String id, String text) {
    return publish(store, id, text, CONTEXT);
  }

  static Checkpoint publish(CheckpointStore store, String id, String text, int context) {
    return publish(store, id, config(Architecture.CAUSAL_LM, context), follower(text));
  }

  /**
   * Publishes the same model with a tokenizer that puts {@code <|endoftext|>} before every text, as
   * some open models' do.
   */
  static Checkpoint publishBegun(CheckpointStore store, String id, String text) {
    try (var pending = store.begin(CheckpointId.parse(id))) {
      write(pending.directory(), config(CONTEXT), follower(text));
      Path tokenizer = pending.directory().resolve(TokenizerFiles.TOKENIZER);
      String json = Files.readString(tokenizer);
      Files.writeString(
          tokenizer,
          json.replace("\"post_processor\" : null", "\"post_processor\" : " + BEGINNING));
      return pending.publish();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Publishes a reward model. */
  static Checkpoint publishReward(CheckpointStore store, String id) {
    return publish(
        store, id, config(Architecture.SEQUENCE_CLASSIFICATION, CONTEXT), follower("ab"));
  }

  private static Checkpoint publish(
      CheckpointStore store, String id, ModelConfig config, int[] follower) {
    try (var pending = store.begin(CheckpointId.parse(id))) {
      write(pending.directory(), config, follower);
      return pending.publish();
    }
  }

  private static void write(Path directory, ModelConfig config, int[] follower) {
    config.write(directory);
    new TrainingRecord("name: scripted\n", Optional.empty(), Map.of()).write(directory);
    TokenizerFiles.write(directory, new BpeTrainer(VOCABULARY).train(List.of("a"), Map.of()));
    Safetensors.write(
        directory.resolve(Checkpoint.WEIGHTS), Map.of("format", "pt"), weights(config, follower));
  }

  /** What its models are built like. */
  static ModelConfig config(int context) {
    return config(Architecture.CAUSAL_LM, context);
  }

  private static ModelConfig config(Architecture architecture, int context) {
    return new ModelConfig(
        architecture, VOCABULARY, WIDTH, 8, 1, 4, 2, 16, context, 10_000, 1e-5, false, 0, 0, 5);
  }

  /** The token after each token. */
  private static int[] follower(String text) {
    int[] follower = new int[VOCABULARY];
    Arrays.setAll(follower, token -> token);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int last = SpecialTokens.ASSISTANT_ID;
    for (byte next : bytes) {
      int token = BpeVocabulary.FIRST_BYTE + (next & 0xff);
      follower[last] = token;
      last = token;
    }
    follower[last] = SpecialTokens.END_ID;
    return follower;
  }

  private static List<TensorSource> weights(ModelConfig config, int[] follower) {
    var random = new SplittableRandom(7);
    float[] embedding = new float[VOCABULARY * WIDTH];
    for (int i = 0; i < embedding.length; i++) {
      embedding[i] = random.nextBoolean() ? 1 : -1;
    }
    float[] projection = new float[VOCABULARY * WIDTH];
    for (int token = 0; token < VOCABULARY; token++) {
      for (int d = 0; d < WIDTH; d++) {
        projection[follower[token] * WIDTH + d] += embedding[token * WIDTH + d];
      }
    }
    List<TensorSource> tensors = new ArrayList<>();
    config
        .tensorShapes()
        .forEach(
            (name, shape) -> {
              float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
              if (name.endsWith("norm.weight")) {
                Arrays.fill(values, 1);
              } else if (name.equals("model.embed_tokens.weight")) {
                values = embedding;
              } else if (name.equals("lm_head.weight")) {
                values = projection;
              }
              tensors.add(TensorSource.of(name, values, shape));
            });
    return tensors;
  }
}
