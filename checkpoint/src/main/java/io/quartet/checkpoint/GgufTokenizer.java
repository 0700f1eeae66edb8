package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A byte-level BPE tokenizer in the keys of GGUF. */
final class GgufTokenizer {
  private static final int NORMAL = 1;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;
  private static final int MOST_SHOWN = 100;

  private static final String QWEN2_PATTERN = PreTokenizer.PATTERN.replace("\\p{N}{1,3}", "\\p{N}");

  /** llama.cpp knows a way of splitting text by the name of a model that splits so. */
  private static final Map<String, String> SPLITS =
      Map.of(PreTokenizer.PATTERN, "smaug-bpe", QWEN2_PATTERN, "qwen2");

  private GgufTokenizer() {}

  /**
   * Adds what {@code tokenizer.json}, {@code generation_config.json} and the chat template say.
   *
   * @throws QuartetException FAILED_PRECONDITION for another tokenizer than byte-level BPE with the
   *     split of GPT-2, SmolLM, GPT-4 or Qwen
   */
  static void describe(Path folder, ModelConfig config, GgufWriter writer) {
    Path file = folder.resolve(TokenizerFiles.TOKENIZER);
    ObjectNode json = Json.read(file, ErrorCode.INVALID_ARGUMENT);
    String[] tokens = new String[config.vocabularySize()];
    int[] types = new int[tokens.length];
    Arrays.setAll(tokens, id -> "[PAD%d]".formatted(id));
    Arrays.fill(types, UNUSED);
    json.at("/model/vocab")
        .properties()
        .forEach(token -> put(tokens, types, token.getValue(), token.getKey(), NORMAL));
    for (JsonNode token : json.path("added_tokens")) {
      int type = token.path("special").asBoolean() ? CONTROL : USER_DEFINED;
      put(tokens, types, token.path("id"), token.path("content").asText(), type);
    }
    writer
        .put("tokenizer.ggml.model", "gpt2")
        .put("tokenizer.ggml.pre", split(file, json))
        .put("tokenizer.ggml.tokens", List.of(tokens))
        .put("tokenizer.ggml.token_type", types)
        .put("tokenizer.ggml.merges", merges(json))
        .put("tokenizer.ggml.bos_token_id", config.beginTokenId())
        .put("tokenizer.ggml.eos_token_id", config.endTokenId())
        .put("tokenizer.ggml.padding_token_id", config.padTokenId());
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      boolean begins = Arrays.equals(tokenizer.encodeWhole(""), new int[] {config.beginTokenId()});
      writer.put("tokenizer.ggml.add_bos_token", begins);
      tokenizer
          .config()
          .chatTemplate()
          .ifPresent(
              template -> {
                writer.put("tokenizer.chat_template", template);
                writer.put("tokenizer.ggml.eot_token_id", new ChatTemplate(tokenizer).endTokenId());
              });
    }
  }

  private static void put(String[] tokens, int[] types, JsonNode id, String token, int type) {
    tokens[id.asInt()] = token;
    types[id.asInt()] = type;
  }

  private static String split(Path file, ObjectNode json) {
    JsonNode splitting = json.path("pre_tokenizer");
    boolean spellsBytes = json.at("/decoder/type").asText().equals("ByteLevel");
    String name =
        split(splitting)
            .filter(found -> spellsBytes)
            .orElseThrow(
                () ->
                    new QuartetException(
                        ErrorCode.FAILED_PRECONDITION,
                        "%s: pre_tokenizer %s, expected byte-level BPE with the split of GPT-2,"
                                .formatted(file, abridged(splitting.toString()))
                            + " SmolLM, GPT-4 or Qwen; for others use llama.cpp's"
                            + " convert_hf_to_gguf.py on the folder"));
    boolean wholeWords = json.at("/model/ignore_merges").asBoolean();
    return wholeWords && name.equals("smaug-bpe") ? "llama-bpe" : name;
  }

  private static Optional<String> split(JsonNode splitting) {
    JsonNode steps = splitting.path("pretokenizers");
    if (steps.isMissingNode()) {
      return splitsWords(splitting) ? Optional.of("gpt-2") : Optional.empty();
    }
    JsonNode first = steps.path(0);
    JsonNode last = steps.path(1);
    if (steps.size() != 2 || !last.path("type").asText().equals("ByteLevel")) {
      return Optional.empty();
    }
    if (splitsWords(last)) {
      return first.path("individual_digits").asBoolean() ? Optional.of("smollm") : Optional.empty();
    }
    return Optional.ofNullable(SPLITS.get(first.at("/pattern/Regex").asText()));
  }

  /** Whether a step turns bytes into letters and splits by GPT-2's pattern, its default. */
  private static boolean splitsWords(JsonNode step) {
    return step.path("type").asText().equals("ByteLevel") && step.path("use_regex").asBoolean(true);
  }

  private static String abridged(String json) {
    return json.length() <= MOST_SHOWN ? json : json.substring(0, MOST_SHOWN) + "…";
  }

  /** Two spellings to a merge, with a space between, whichever way the file writes them. */
  private static List<String> merges(ObjectNode json) {
    List<String> merges = new ArrayList<>();
    for (JsonNode merge : json.at("/model/merges")) {
      merges.add(
          merge.isArray() ? merge.get(0).asText() + " " + merge.get(1).asText() : merge.asText());
    }
    return merges;
  }
}
