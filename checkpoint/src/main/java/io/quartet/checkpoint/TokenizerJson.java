package io.quartet.checkpoint;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code tokenizer.json} says: the tokens' bytes, the special tokens, and how to split. */
final class TokenizerJson {
  private static final byte[] NOTHING = {};

  private final Path file;
  private final ObjectNode json;
  private final byte[][] bytes;
  private final Map<String, Integer> specials;

  private TokenizerJson(Path file, ObjectNode json, byte[][] bytes, Map<String, Integer> specials) {
    this.file = file;
    this.json = json;
    this.bytes = bytes;
    this.specials = specials;
  }

  static TokenizerJson read(Path file) {
    ObjectNode json = Json.read(file, ErrorCode.INVALID_ARGUMENT);
    requireType(file, json, "/model", "BPE");
    requireType(file, json, "/decoder", "ByteLevel");
    Map<Integer, byte[]> bytes = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> token : json.at("/model/vocab").properties()) {
      byte @Nullable [] spelled = ByteLevel.bytes(token.getKey());
      bytes.put(token.getValue().asInt(), spelled == null ? utf8(token.getKey()) : spelled);
    }
    Map<String, Integer> specials = new LinkedHashMap<>();
    for (JsonNode token : json.path("added_tokens")) {
      String content = token.path("content").asText();
      boolean special = token.path("special").asBoolean();
      bytes.put(token.path("id").asInt(), special ? NOTHING : utf8(content));
      if (special) {
        specials.put(content, token.path("id").asInt());
      }
    }
    int size = 1 + bytes.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1);
    byte[][] table = new byte[size][];
    for (int id = 0; id < size; id++) {
      table[id] = bytes.getOrDefault(id, NOTHING);
    }
    return new TokenizerJson(file, json, table, specials);
  }

  int vocabularySize() {
    return bytes.length;
  }

  byte[] bytes(int id) {
    if (id < 0 || id >= bytes.length) {
      throw new QuartetException(
          ErrorCode.OUT_OF_RANGE, "token %d, expected 0 to %d".formatted(id, bytes.length - 1));
    }
    return bytes[id];
  }

  int specialToken(String content) {
    Integer id = specials.get(content);
    if (id == null) {
      throw new QuartetException(
          ErrorCode.NOT_FOUND,
          "%s: no special token '%s', only %s".formatted(file, content, specials.keySet()));
    }
    return id;
  }

  /** The tokenizer as the file describes it. */
  HuggingFaceTokenizer withSpecials() {
    return nativeTokenizer(json);
  }

  /** The same without special tokens: then nothing a user writes can become one. */
  HuggingFaceTokenizer textOnly() {
    ObjectNode copy = json.deepCopy();
    ArrayNode kept = copy.putArray("added_tokens");
    for (JsonNode token : json.path("added_tokens")) {
      if (!token.path("special").asBoolean()) {
        kept.add(token);
      }
    }
    return nativeTokenizer(copy);
  }

  private HuggingFaceTokenizer nativeTokenizer(ObjectNode description) {
    // Off, or the library would cut at 512 tokens and say so.
    Map<String, String> options =
        Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
    byte[] text = utf8(description.toString());
    try {
      return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(text), options);
    } catch (IOException | RuntimeException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT, "%s: not a tokenizer: %s".formatted(file, reason), e);
    }
  }

  private static void requireType(Path file, ObjectNode json, String part, String expected) {
    String found = json.at(part + "/type").asText();
    if (!found.equals(expected)) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "%s: %s is '%s', expected '%s'".formatted(file, part.substring(1), found, expected));
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
