package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.stream.Collectors;

/** {@link ModelConfig} as Hugging Face's {@code config.json}, both ways. */
final class ModelConfigJson {
  private final ObjectNode json;
  private final String source;

  private ModelConfigJson(ObjectNode json, String source) {
    this.json = json;
    this.source = source;
  }

  static ObjectNode of(ModelConfig config, DataType dataType) {
    ObjectNode json = Json.object();
    json.putArray("architectures").add(config.architecture().className());
    json.put("attention_bias", false);
    json.put("attention_dropout", 0.0);
    json.put("bos_token_id", config.beginTokenId());
    json.put("eos_token_id", config.endTokenId());
    json.put("head_dim", config.headDimension());
    json.put("hidden_act", "silu");
    json.put("hidden_size", config.hiddenSize());
    if (config.architecture() == Architecture.SEQUENCE_CLASSIFICATION) {
      // transformers takes the number of labels, one, from here.
      json.putObject("id2label").put("0", "reward");
      json.putObject("label2id").put("reward", 0);
    }
    json.put("initializer_range", 0.02);
    json.put("intermediate_size", config.intermediateSize());
    json.put("max_position_embeddings", config.contextLength());
    json.put("mlp_bias", false);
    json.put("model_type", "llama");
    json.put("num_attention_heads", config.heads());
    json.put("num_hidden_layers", config.layers());
    json.put("num_key_value_heads", config.keyValueHeads());
    json.put("pad_token_id", config.padTokenId());
    json.put("rms_norm_eps", config.rmsNormEpsilon());
    json.putNull("rope_scaling");
    json.put("rope_theta", config.ropeTheta());
    json.put("tie_word_embeddings", config.tiedEmbeddings());
    json.put("torch_dtype", dataType.torchName());
    json.put("use_cache", true);
    json.put("vocab_size", config.vocabularySize());
    return json;
  }

  static ModelConfig parse(ObjectNode json, String source) {
    return new ModelConfigJson(json, source).config();
  }

  private ModelConfig config() {
    requireText("model_type", "llama");
    requireText("hidden_act", "silu");
    requireAbsent("attention_bias");
    requireAbsent("mlp_bias");
    requireAbsent("rope_scaling");
    int heads = integer("num_attention_heads");
    int hidden = integer("hidden_size");
    int end = tokenId("eos_token_id", 0);
    return new ModelConfig(
        architecture(),
        integer("vocab_size"),
        hidden,
        integer("intermediate_size"),
        integer("num_hidden_layers"),
        heads,
        present("num_key_value_heads") ? integer("num_key_value_heads") : heads,
        present("head_dim") ? integer("head_dim") : hidden / Math.max(heads, 1),
        integer("max_position_embeddings"),
        ropeTheta(),
        number(json, "rms_norm_eps"),
        json.path("tie_word_embeddings").asBoolean(false),
        tokenId("bos_token_id", end),
        end,
        tokenId("pad_token_id", end));
  }

  private Architecture architecture() {
    JsonNode names = json.path("architectures");
    return Architecture.ofClassName(names.path(0).asText())
        .filter(found -> names.size() == 1)
        .orElseThrow(
            () ->
                unsupported(
                    "architectures",
                    names,
                    Arrays.stream(Architecture.values())
                        .map(Architecture::className)
                        .collect(Collectors.joining(" or "))));
  }

  /** Newer transformers nest it as {@code rope_parameters: {rope_type, rope_theta}}. */
  private double ropeTheta() {
    JsonNode parameters = json.path("rope_parameters");
    if (!parameters.isObject()) {
      return number(json, "rope_theta");
    }
    String type = parameters.path("rope_type").asText("default");
    if (!type.equals("default")) {
      throw unsupported("rope_parameters.rope_type", parameters.get("rope_type"), "default");
    }
    return number(parameters, "rope_theta");
  }

  private boolean present(String key) {
    return !json.path(key).isMissingNode() && !json.path(key).isNull();
  }

  private int integer(String key) {
    JsonNode value = json.path(key);
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw unsupported(key, value, "a whole number");
    }
    return value.intValue();
  }

  private double number(JsonNode parent, String key) {
    JsonNode value = parent.path(key);
    if (!value.isNumber()) {
      throw unsupported(key, value, "a number");
    }
    return value.doubleValue();
  }

  /** Some models list several ends; the first is the end of a document. */
  private int tokenId(String key, int otherwise) {
    JsonNode value = json.path(key).isArray() ? json.path(key).path(0) : json.path(key);
    if (value.isNull() || value.isMissingNode()) {
      return otherwise;
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw unsupported(key, value, "a token's id");
    }
    return value.intValue();
  }

  private void requireText(String key, String expected) {
    if (!json.path(key).asText().equals(expected)) {
      throw unsupported(key, json.path(key), "\"" + expected + "\"");
    }
  }

  private void requireAbsent(String key) {
    if (present(key) && !(json.get(key).isBoolean() && !json.get(key).booleanValue())) {
      throw unsupported(key, json.get(key), "none");
    }
  }

  private QuartetException unsupported(String key, JsonNode found, String expected) {
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT,
        "%s: %s is %s, expected %s"
            .formatted(source, key, found.isMissingNode() ? "missing" : found, expected));
  }
}
