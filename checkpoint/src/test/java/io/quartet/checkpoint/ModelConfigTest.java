package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelConfigTest {
  private static final ModelConfig CONFIG = TinyCheckpoints.CONFIG;

  @TempDir Path directory;

  @Test
  void writtenConfigReadsAsItself() {
    CONFIG.write(directory);

    assertThat(ModelConfig.read(directory.resolve("config.json"))).isEqualTo(CONFIG);
  }

  @Test
  void rewardModelSaysOneLabelToTransformers() throws IOException {
    ModelConfig reward = CONFIG.withArchitecture(Architecture.SEQUENCE_CLASSIFICATION);
    reward.write(directory);

    JsonNode json = Json.MAPPER.readTree(Files.readString(directory.resolve("config.json")));
    assertThat(json.at("/architectures/0").asText()).isEqualTo("LlamaForSequenceClassification");
    assertThat(json.path("id2label")).hasSize(1);
    assertThat(ModelConfig.read(directory.resolve("config.json"))).isEqualTo(reward);
  }

  @Test
  void configOfNewerTransformersIsRead() {
    ModelConfig read =
        readEdited(
            json -> {
              json.remove(List.of("rope_theta", "rope_scaling", "torch_dtype"));
              json.putObject("rope_parameters")
                  .put("rope_theta", 10_000.0)
                  .put("rope_type", "default");
              json.put("dtype", "float32").put("pretraining_tp", 1);
            });

    assertThat(read).isEqualTo(CONFIG);
  }

  @Test
  void configOfOlderTransformersIsRead() {
    ModelConfig read =
        readEdited(
            json -> {
              json.remove(List.of("head_dim", "attention_bias", "mlp_bias"));
              json.putArray("eos_token_id").add(0).add(4);
            });

    assertThat(read).isEqualTo(CONFIG);
  }

  @Test
  void tensorsAreNamedAndShapedAsInTransformers() {
    assertThat(CONFIG.tensorShapes())
        .hasSize(2 + 9 * 2)
        .containsEntry("model.embed_tokens.weight", new long[] {64, 16})
        .containsEntry("model.layers.1.self_attn.q_proj.weight", new long[] {16, 16})
        .containsEntry("model.layers.1.self_attn.k_proj.weight", new long[] {8, 16})
        .containsEntry("model.layers.0.mlp.down_proj.weight", new long[] {16, 24})
        .containsEntry("model.norm.weight", new long[] {16});
    assertThat(CONFIG.parameters())
        .isEqualTo(64 * 16 + 2 * (2 * 16 * 16 + 2 * 8 * 16 + 3 * 16 * 24 + 2 * 16) + 16);
  }

  @Test
  void onlyTheHeadDependsOnArchitectureAndTying() {
    ModelConfig reward = CONFIG.withArchitecture(Architecture.SEQUENCE_CLASSIFICATION);
    ModelConfig untied = readEdited(json -> json.put("tie_word_embeddings", false));

    assertThat(reward.tensorShapes()).containsEntry("score.weight", new long[] {1, 16});
    assertThat(untied.tensorShapes()).containsEntry("lm_head.weight", new long[] {64, 16});
    assertThat(CONFIG.tensorShapes()).doesNotContainKeys("score.weight", "lm_head.weight");
  }

  @Test
  void impossibleSizesAreRefusedByName() {
    refuses(json -> json.put("hidden_size", 0), "hidden_size 0, expected a number above 0");
    refuses(json -> json.put("vocab_size", -5), "vocab_size -5");
    refuses(
        json -> json.put("num_key_value_heads", 3),
        "num_key_value_heads 3, expected a divisor of num_attention_heads 4");
    refuses(json -> json.put("head_dim", 5), "head_dim 5, expected an even number");
    refuses(json -> json.put("num_hidden_layers", 5000), "num_hidden_layers 5000");
    refuses(json -> json.put("rope_theta", -1.0), "rope_theta -1");
    refuses(json -> json.put("eos_token_id", 64), "eos_token_id 64, expected 0 to 63");
    refuses(
        json ->
            json.put("vocab_size", Integer.MAX_VALUE)
                .put("hidden_size", Integer.MAX_VALUE)
                .put("intermediate_size", Integer.MAX_VALUE),
        "parameters, expected at most");
  }

  @Test
  void whatQuartetCannotRunIsRefusedByName() {
    refuses(
        json -> json.put("model_type", "gpt2"),
        "model_type is \"gpt2\", expected \"llama\" or \"mistral\" or \"qwen2\" or \"qwen3\"");
    refuses(json -> json.put("hidden_act", "gelu"), "hidden_act is \"gelu\", expected \"silu\"");
    refuses(json -> json.put("attention_bias", true), "attention_bias is true, expected none");
    refuses(json -> json.put("mlp_bias", true), "mlp_bias is true, expected none");
    refuses(
        json -> json.putObject("rope_scaling").put("type", "yarn").put("factor", 4.0),
        "rope_scaling.rope_type is \"yarn\", expected \"default\" or \"llama3\"");
    refuses(
        json -> json.putObject("rope_scaling").put("factor", 4.0),
        "rope_scaling.rope_type is missing");
    refuses(
        json -> json.putObject("rope_scaling").put("rope_type", "llama3"),
        "factor is missing, expected a number");
    refuses(
        json -> json.putObject("rope_parameters").put("rope_type", "linear"),
        "rope_parameters.rope_type is \"linear\"");
    refuses(
        json -> json.putObject("rope_parameters").put("partial_rotary_factor", 0.5),
        "rope_parameters.partial_rotary_factor is 0.5, expected 1");
    refuses(json -> json.put("partial_rotary_factor", 0.5), "partial_rotary_factor is 0.5");
    refuses(
        json -> json.put("sliding_window", 8), "sliding_window is 8, expected null, or at least");
    refuses(
        json ->
            json.put("model_type", "mistral").putArray("architectures").add("MistralForCausalLM"),
        "sliding_window is missing, expected null, for it would be 4096");
    refuses(
        json -> json.putArray("layer_types").add("full_attention").add("sliding_attention"),
        "layer_types is \"sliding_attention\", expected \"full_attention\" in every layer");
    refuses(
        json -> json.putObject("quantization_config").put("quant_method", "awq"),
        "quantization_config is {");
    refuses(json -> json.putObject("auto_map").put("AutoModel", "a.B"), "auto_map is {");
    refuses(json -> json.put("model_type", "qwen2"), "expected Qwen2ForCausalLM or");
    refuses(
        json -> json.putArray("architectures").add("LlamaModel"),
        "architectures is [\"LlamaModel\"], expected LlamaForCausalLM or");
    refuses(json -> json.remove("hidden_size"), "hidden_size is missing, expected a whole number");
    refuses(json -> json.put("hidden_size", 16.5), "hidden_size is 16.5");
    refuses(json -> json.put("hidden_size", 1L << 40), "hidden_size is 1099511627776");
  }

  @Test
  void fileThatIsNoJsonObjectIsRefused() throws IOException {
    Path file = directory.resolve("config.json");
    assertFails(() -> ModelConfig.read(file), ErrorCode.NOT_FOUND, "config.json");
    for (String text : List.of("", "[]", "{\"a\":1", "{} {}", "{\"a\":1,\"a\":2}", "\0")) {
      Files.writeString(file, text);
      assertFails(() -> ModelConfig.read(file), ErrorCode.INVALID_ARGUMENT, "config.json: ");
    }
  }

  private void refuses(Consumer<ObjectNode> edit, String message) {
    assertFails(() -> readEdited(edit), ErrorCode.INVALID_ARGUMENT, message);
  }

  private ModelConfig readEdited(Consumer<ObjectNode> edit) {
    ObjectNode json = Json.parse(CONFIG.toJson(), "test", ErrorCode.INTERNAL);
    edit.accept(json);
    Path file = directory.resolve("edited.json");
    Json.write(file, json);
    return ModelConfig.read(file);
  }
}
