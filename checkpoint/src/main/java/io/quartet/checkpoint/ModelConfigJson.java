package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** {@link ModelConfig} as Hugging Face's {@code config.json}, both ways. */
final class ModelConfigJson {
  private static final String LLAMA3 = "llama3";
  private static final double USUAL_ROPE_THETA = 10_000; // of all four families
  private static final String UNIT_EMBEDDINGS = "unit_embeddings";

  private final ObjectNode json;
  private final String source;

  private ModelConfigJson(ObjectNode json, String source) {
    this.json = json;
    this.source = source;
  }

  static ObjectNode of(ModelConfig config, DataType dataType) {
    ObjectNode json = Json.object();
    json.putArray("architectures").add(config.family().className(config.architecture()));
    if (config.family() != ModelFamily.QWEN2) { // which has one always, and no such key
      json.put("attention_bias", false);
    }
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
    json.put("model_type", config.family().modelType());
    json.put("num_attention_heads", config.heads());
    json.put("num_hidden_layers", config.layers());
    json.put("num_key_value_heads", config.keyValueHeads());
    json.put("pad_token_id", config.padTokenId());
    json.put("rms_norm_eps", config.rmsNormEpsilon());
    json.set("rope_scaling", config.ropeScaling().map(ModelConfigJson::of).orElse(null));
    json.put("rope_theta", config.ropeTheta());
    if (config.family() == ModelFamily.MISTRAL) {
      json.putNull("sliding_window"); // its default is a window
    }
    json.put("tie_word_embeddings", config.tiedEmbeddings());
    json.put("torch_dtype", dataType.torchName());
    if (config.unitEmbeddings()) {
      json.put(UNIT_EMBEDDINGS, true);
    }
    json.put("use_cache", true);
    json.put("vocab_size", config.vocabularySize());
    return json;
  }

  private static ObjectNode of(RopeScaling scaling) {
    return Json.object()
        .put("factor", scaling.factor())
        .put("high_freq_factor", scaling.highFrequencyFactor())
        .put("low_freq_factor", scaling.lowFrequencyFactor())
        .put("original_max_position_embeddings", scaling.originalContext())
        .put("rope_type", LLAMA3);
  }

  static ModelConfig parse(ObjectNode json, String source) {
    return new ModelConfigJson(json, source).config();
  }

  private ModelConfig config() {
    ModelFamily family = family();
    requireKnownArithmetic();
    int heads = integer("num_attention_heads");
    int hidden = integer("hidden_size");
    int context = integer("max_position_embeddings");
    requireWholeContext(family, context);
    int end = tokenId("eos_token_id", 0);
    JsonNode rope = json.path("rope_parameters").isObject() ? json.get("rope_parameters") : json;
    return new ModelConfig(
        family,
        architecture(family),
        integer("vocab_size"),
        hidden,
        integer("intermediate_size"),
        integer("num_hidden_layers"),
        heads,
        keyValueHeads(family, heads),
        present("head_dim") ? integer("head_dim") : headDimension(family, hidden, heads),
        context,
        rope.has("rope_theta") ? number(rope, "rope_theta") : USUAL_ROPE_THETA,
        ropeScaling(),
        number(json, "rms_norm_eps"),
        json.path("tie_word_embeddings").asBoolean(false),
        tokenId("bos_token_id", end),
        end,
        tokenId("pad_token_id", end),
        json.path(UNIT_EMBEDDINGS).asBoolean(false));
  }

  private ModelFamily family() {
    return ModelFamily.ofModelType(json.path("model_type").asText())
        .orElseThrow(
            () -> unsupported("model_type", json.path("model_type"), ModelFamily.modelTypes()));
  }

  /** Whatever would silently compute something else. */
  private void requireKnownArithmetic() {
    JsonNode activation = json.path("hidden_act");
    if (!activation.asText().equals("silu")) {
      throw unsupported("hidden_act", activation, "\"silu\"");
    }
    for (String key :
        List.of("attention_bias", "mlp_bias", "use_mrope", "quantization_config", "auto_map")) {
      requireAbsent(key);
    }
    JsonNode rotated = json.path("partial_rotary_factor");
    if (rotated.isNumber() && rotated.doubleValue() != 1) {
      throw unsupported("partial_rotary_factor", rotated, "1");
    }
  }

  /** A window that is never shorter than the context hides nothing. */
  private void requireWholeContext(ModelFamily family, int context) {
    for (JsonNode type : json.path("layer_types")) {
      if (!type.asText().equals("full_attention")) {
        throw unsupported("layer_types", type, "\"full_attention\" in every layer");
      }
    }
    boolean optional = family == ModelFamily.QWEN2 || family == ModelFamily.QWEN3;
    if (optional && !json.path("use_sliding_window").asBoolean(false)) {
      return;
    }
    JsonNode window = json.path("sliding_window");
    if (family == ModelFamily.MISTRAL && window.isMissingNode()) {
      throw unsupported("sliding_window", window, "null, for it would be 4096");
    }
    if (window.isNumber() && window.asLong() < context) {
      throw unsupported(
          "sliding_window", window, "null, or at least max_position_embeddings " + context);
    }
  }

  /** What transformers takes where the key is missing. */
  private int keyValueHeads(ModelFamily family, int heads) {
    if (present("num_key_value_heads")) {
      return integer("num_key_value_heads");
    }
    if (family == ModelFamily.LLAMA) {
      return heads;
    }
    throw unsupported("num_key_value_heads", json.path("num_key_value_heads"), "a whole number");
  }

  private int headDimension(ModelFamily family, int hidden, int heads) {
    if (family == ModelFamily.QWEN3) { // transformers would take 128, whatever the width
      throw unsupported("head_dim", json.path("head_dim"), "a whole number");
    }
    return hidden / Math.max(heads, 1);
  }

  private Architecture architecture(ModelFamily family) {
    JsonNode names = json.path("architectures");
    return Arrays.stream(Architecture.values())
        .filter(a -> names.size() == 1 && names.path(0).asText().equals(family.className(a)))
        .findFirst()
        .orElseThrow(
            () ->
                unsupported(
                    "architectures",
                    names,
                    Arrays.stream(Architecture.values())
                        .map(family::className)
                        .collect(Collectors.joining(" or "))));
  }

  /** {@code rope_scaling}, or inside {@code rope_parameters} as newer transformers write it. */
  private Optional<RopeScaling> ropeScaling() {
    String key = json.path("rope_parameters").isObject() ? "rope_parameters" : "rope_scaling";
    JsonNode rope = json.path(key);
    if (rope.isMissingNode() || rope.isNull()) {
      return Optional.empty();
    }
    if (!rope.isObject()) {
      throw unsupported(key, rope, "an object");
    }
    JsonNode rotated = rope.path("partial_rotary_factor");
    if (rotated.isNumber() && rotated.doubleValue() != 1) {
      throw unsupported(key + ".partial_rotary_factor", rotated, "1");
    }
    JsonNode type = rope.has("rope_type") ? rope.get("rope_type") : rope.path("type");
    boolean plain = type.isMissingNode() && key.equals("rope_parameters");
    return switch (plain ? "default" : type.asText()) {
      case "default" -> Optional.empty();
      case LLAMA3 ->
          Optional.of(
              new RopeScaling(
                  number(rope, "factor"),
                  number(rope, "low_freq_factor"),
                  number(rope, "high_freq_factor"),
                  (int) number(rope, "original_max_position_embeddings")));
      default -> throw unsupported(key + ".rope_type", type, "\"default\" or \"llama3\"");
    };
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
