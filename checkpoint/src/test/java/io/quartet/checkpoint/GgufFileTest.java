package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
  @TempDir Path folder;

  @Test
  void modelOfOurOwnIsWrittenWithItsTokenizer() throws IOException {
    var vocabulary =
        new BpeVocabulary(
            List.of(new BpeVocabulary.Merge(110, 107), new BpeVocabulary.Merge(262, 38)));
    ModelConfig config =
        new ModelConfig(
            Architecture.CAUSAL_LM, 266, 16, 24, 2, 4, 2, 4, 32, 10_000, 1e-5, true, 0, 0, 5);
    TinyCheckpoints.write(folder, config, 1);
    TokenizerFiles.write(folder, vocabulary);
    Gguf gguf = written();

    List<String> tokens = new ArrayList<>(SpecialTokens.ALL);
    IntStream.range(0, 256)
        .mapToObj(b -> ByteLevel.spell(new byte[] {(byte) b}))
        .forEach(tokens::add);
    tokens.addAll(List.of("he", "heĠ", "[PAD264]", "[PAD265]"));
    Map<String, Object> expected = new LinkedHashMap<>();
    expected.put("general.architecture", "llama");
    expected.put("llama.vocab_size", 266);
    expected.put("llama.context_length", 32);
    expected.put("llama.embedding_length", 16);
    expected.put("llama.block_count", 2);
    expected.put("llama.feed_forward_length", 24);
    expected.put("llama.attention.head_count", 4);
    expected.put("llama.attention.head_count_kv", 2);
    expected.put("llama.attention.key_length", 4);
    expected.put("llama.attention.value_length", 4);
    expected.put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    expected.put("llama.rope.dimension_count", 4);
    expected.put("llama.rope.freq_base", 10_000f);
    expected.put("tokenizer.ggml.model", "gpt2");
    expected.put("tokenizer.ggml.pre", "smaug-bpe");
    expected.put("tokenizer.ggml.tokens", tokens);
    expected.put(
        "tokenizer.ggml.token_type",
        IntStream.range(0, 266).mapToObj(id -> id < 6 ? 3 : id < 264 ? 1 : 5).toList());
    expected.put("tokenizer.ggml.merges", List.of("h e", "he Ġ"));
    expected.put("tokenizer.ggml.bos_token_id", 0);
    expected.put("tokenizer.ggml.eos_token_id", 0);
    expected.put("tokenizer.ggml.padding_token_id", 5);
    expected.put("tokenizer.ggml.add_bos_token", false);
    expected.put("tokenizer.chat_template", ChatTemplate.JINJA);
    expected.put("tokenizer.ggml.eot_token_id", SpecialTokens.END_ID);
    assertThat(gguf.keys).isEqualTo(expected);
  }

  @Test
  void weightsAreThoseOfTheFolderUnderLlamaCppsNames() throws IOException {
    TinyCheckpoints.write(folder, TinyCheckpoints.CONFIG, 2);
    Gguf gguf = written();
    try (Safetensors weights = Safetensors.open(folder.resolve(Checkpoint.WEIGHTS))) {
      assertThat(gguf.tensors).hasSameSizeAs(weights.names());
      assertThat(gguf.tensors.get("token_embd.weight"))
          .containsExactly(weights.floats("model.embed_tokens.weight"));
      assertThat(gguf.tensors.get("blk.1.ffn_norm.weight"))
          .containsExactly(weights.floats("model.layers.1.post_attention_layernorm.weight"));
      assertThat(gguf.tensors.get("blk.1.attn_output.weight"))
          .containsExactly(weights.floats("model.layers.1.self_attn.o_proj.weight"));
      float[] queries = weights.floats("model.layers.0.self_attn.q_proj.weight");
      float[] turned = new float[queries.length];
      int[] rows = {0, 2, 1, 3}; // pairs (0, 2) and (1, 3) of a head's four become neighbours
      for (int row = 0; row < 16; row++) {
        int from = row / 4 * 4 + rows[row % 4];
        System.arraycopy(queries, from * 16, turned, row * 16, 16);
      }
      assertThat(gguf.tensors.get("blk.0.attn_q.weight")).containsExactly(turned);
    }
  }

  @Test
  void familiesThatTurnHalvesKeepTheirRows() throws IOException {
    Path model = OpenModels.copy("qwen3", folder);
    GgufFile.write(model, folder.resolve(GgufFile.NAME));
    Gguf gguf = Gguf.read(folder.resolve(GgufFile.NAME));
    try (Safetensors weights = Safetensors.open(model.resolve(Checkpoint.WEIGHTS))) {
      assertThat(gguf.keys).containsEntry("general.architecture", "qwen3");
      assertThat(gguf.tensors).hasSameSizeAs(weights.names());
      assertThat(gguf.tensors.get("blk.0.attn_q.weight"))
          .containsExactly(weights.floats("model.layers.0.self_attn.q_proj.weight"));
      assertThat(gguf.tensors.get("blk.0.attn_q_norm.weight"))
          .containsExactly(weights.floats("model.layers.0.self_attn.q_norm.weight"));
    }
  }

  @Test
  void aTextBeginsThereAsItDoesHere() throws IOException {
    Path model = OpenModels.begun(OpenModels.copy("llama", folder));
    GgufFile.write(model, folder.resolve(GgufFile.NAME));

    assertThat(Gguf.read(folder.resolve(GgufFile.NAME)).keys)
        .containsEntry("tokenizer.ggml.bos_token_id", 300)
        .containsEntry("tokenizer.ggml.add_bos_token", true);
  }

  @Test
  void smolLmsSplitIsNamedAndGpt2sToo() throws IOException {
    String bytes =
        """
        {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true}
        """;
    String digits =
        """
        {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": %s}, %s]}
        """;
    assertThat(splitOf(bytes)).isEqualTo("gpt-2");
    assertThat(splitOf(digits.formatted(true, bytes))).isEqualTo("smollm");
    assertFails(
        () -> splitOf(digits.formatted(false, bytes)),
        ErrorCode.FAILED_PRECONDITION,
        "Digits",
        "SmolLM");
  }

  private String splitOf(String preTokenizer) throws IOException {
    Path model = OpenModels.copy("llama", Files.createTempDirectory(folder, "split"));
    Path tokenizer = model.resolve(TokenizerFiles.TOKENIZER);
    ObjectNode json = Json.read(tokenizer, ErrorCode.INVALID_ARGUMENT);
    json.set("pre_tokenizer", new ObjectMapper().readTree(preTokenizer));
    Json.write(tokenizer, Json.print(json));
    GgufFile.write(model, model.resolve(GgufFile.NAME));
    return (String) Gguf.read(model.resolve(GgufFile.NAME)).keys.get("tokenizer.ggml.pre");
  }

  @Test
  void tokenizerThatSplitsOtherwiseIsRefused() {
    Path model = OpenModels.copy("mistral", folder);
    assertFails(
        () -> GgufFile.write(model, folder.resolve(GgufFile.NAME)),
        ErrorCode.FAILED_PRECONDITION,
        "tokenizer.json",
        "convert_hf_to_gguf.py");
    assertThat(folder.resolve(GgufFile.NAME)).doesNotExist();
  }

  private Gguf written() throws IOException {
    Path file = folder.resolve(GgufFile.NAME);
    GgufFile.write(folder, file);
    return Gguf.read(file);
  }

  /** A reader by the format's description, for what the writer writes. */
  private record Gguf(Map<String, Object> keys, Map<String, float[]> tensors) {
    static Gguf read(Path file) throws IOException {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      assertThat(bytes.getInt()).isEqualTo(0x46554747); // "GGUF"
      assertThat(bytes.getInt()).isEqualTo(3);
      long tensorCount = bytes.getLong();
      long keyCount = bytes.getLong();
      Map<String, Object> keys = new LinkedHashMap<>();
      for (long i = 0; i < keyCount; i++) {
        keys.put(text(bytes), value(bytes, bytes.getInt()));
      }
      Map<String, long[]> places = new LinkedHashMap<>();
      for (long i = 0; i < tensorCount; i++) {
        String name = text(bytes);
        long elements = 1;
        for (int dimensions = bytes.getInt(); dimensions > 0; dimensions--) {
          elements *= bytes.getLong();
        }
        assertThat(bytes.getInt()).isZero(); // F32
        places.put(name, new long[] {bytes.getLong(), elements});
      }
      int data = (bytes.position() + 31) / 32 * 32;
      Map<String, float[]> tensors = new LinkedHashMap<>();
      places.forEach(
          (name, place) -> {
            float[] values = new float[(int) place[1]];
            bytes.position(data + (int) place[0]);
            bytes.slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
            tensors.put(name, values);
          });
      return new Gguf(keys, tensors);
    }

    private static Object value(ByteBuffer bytes, int type) {
      return switch (type) {
        case 4, 5 -> bytes.getInt();
        case 6 -> bytes.getFloat();
        case 7 -> bytes.get() != 0;
        case 8 -> text(bytes);
        case 9 -> {
          int elements = bytes.getInt();
          long count = bytes.getLong();
          List<Object> values = new ArrayList<>();
          for (long i = 0; i < count; i++) {
            values.add(value(bytes, elements));
          }
          yield values;
        }
        default -> throw new AssertionError("type " + type);
      };
    }

    private static String text(ByteBuffer bytes) {
      byte[] utf8 = new byte[(int) bytes.getLong()];
      bytes.get(utf8);
      return new String(utf8, StandardCharsets.UTF_8);
    }
  }
}
