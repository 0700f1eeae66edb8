package io.quartet.checkpoint;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** What {@code tokenizer.json} says: the tokens' bytes, the special tokens, and how to split. */
final class TokenizerJson {
  private static final byte[] NOTHING = {};

  private final Path file;
  private final ObjectNode json;
  private final byte[][] bytes;
  private final int size;
  private final Map<String, Integer> specials;
  private final Map<Integer, String> specialNames = new HashMap<>();
  private final int[] beginning;
  private final int longest;

  private TokenizerJson(
      Path file, ObjectNode json, byte[][] bytes, int size, Map<String, Integer> specials) {
    this.file = file;
    this.json = json;
    this.bytes = bytes;
    this.size = size;
    this.specials = specials;
    specials.forEach((content, id) -> specialNames.put(id, content));
    this.beginning = beginning();
    this.longest =
        TextKeeping.keepsText(json)
            ? Stream.concat(
                    Arrays.stream(bytes), specials.keySet().stream().map(TokenizerJson::utf8))
                .mapToInt(spelling -> spelling.length)
                .max()
                .orElse(0)
            : 0;
  }

  /**
   * Reads the file.
   *
   * @param padded ids below this stand for nothing where the tokenizer has none
   */
  static TokenizerJson read(Path file, int padded) {
    ObjectNode json = Json.read(file, ErrorCode.INVALID_ARGUMENT);
    requireType(file, json, "/model", "BPE");
    boolean sentencePiece = hasType(json.path("decoder"), "ByteFallback");
    if (!sentencePiece) {
      requireType(file, json, "/decoder", "ByteLevel");
    }
    Map<Integer, byte[]> bytes = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> token : json.at("/model/vocab").properties()) {
      byte @Nullable [] spelled =
          sentencePiece ? sentencePiece(token.getKey()) : ByteLevel.bytes(token.getKey());
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
    byte[][] table = new byte[Math.max(size, padded)][];
    for (int id = 0; id < table.length; id++) {
      table[id] = bytes.getOrDefault(id, NOTHING);
    }
    return new TokenizerJson(file, json, table, size, specials);
  }

  /**
   * The bytes of a token as SentencePiece spells it: {@code ▁} is a space, {@code <0x0A>} a byte.
   */
  private static byte[] sentencePiece(String token) {
    if (token.matches("<0x[0-9A-F]{2}>")) {
      return new byte[] {(byte) Integer.parseInt(token.substring(3, 5), 16)};
    }
    return utf8(token.replace('▁', ' '));
  }

  int vocabularySize() {
    return size;
  }

  Set<String> specialTokens() {
    return Collections.unmodifiableSet(specials.keySet());
  }

  /** The added tokens that are not special, with their ids. */
  Map<String, Integer> plainAddedTokens() {
    Map<String, Integer> tokens = new LinkedHashMap<>();
    for (JsonNode token : json.path("added_tokens")) {
      if (!token.path("special").asBoolean()) {
        tokens.put(token.path("content").asText(), token.path("id").asInt());
      }
    }
    return tokens;
  }

  /** The tokens that are put before a text; often none. */
  int[] textBeginning() {
    return beginning.clone();
  }

  /** What the post-processor's template for a single text has before the text. */
  private int[] beginning() {
    JsonNode template = find(json.path("post_processor"), "TemplateProcessing");
    List<Integer> ids = new ArrayList<>();
    for (JsonNode piece : template.path("single")) {
      if (piece.has("Sequence")) {
        break;
      }
      String name = piece.at("/SpecialToken/id").asText();
      for (JsonNode id : template.path("special_tokens").path(name).path("ids")) {
        if (id.asInt(-1) < 0 || id.asInt() >= size) {
          throw new QuartetException(
              ErrorCode.INVALID_ARGUMENT,
              "%s: post_processor: token '%s' is %s, expected 0 to %d"
                  .formatted(file, name, id, size - 1));
        }
        ids.add(id.asInt());
      }
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  /** The most bytes of text that become one token; 0 where text may be lost on the way. */
  int longestToken() {
    return longest;
  }

  /** Whether a space is put before text. */
  boolean prefixes() {
    return prefixesEveryPiece() || prefixesFirstPiece(json.path("pre_tokenizer"));
  }

  /** Whether it is put before every piece of text between special tokens. */
  boolean prefixesEveryPiece() {
    return hasType(json.path("normalizer"), "Prepend")
        || prefixesEveryPiece(json.path("pre_tokenizer"));
  }

  /** Whether decoding takes it away. */
  boolean stripsFirstSpace() {
    return hasType(json.path("decoder"), "Strip");
  }

  private static boolean prefixesFirstPiece(JsonNode part) {
    return "first".equals(part.path("prepend_scheme").asText())
        || children(part).anyMatch(TokenizerJson::prefixesFirstPiece);
  }

  private static boolean prefixesEveryPiece(JsonNode part) {
    return "always".equals(part.path("prepend_scheme").asText())
        || part.path("add_prefix_space").asBoolean() && !part.has("prepend_scheme")
        || children(part).anyMatch(TokenizerJson::prefixesEveryPiece);
  }

  static boolean hasType(JsonNode part, String type) {
    return !find(part, type).isMissingNode();
  }

  /** The part of a type, itself or a member of a Sequence; missing if there is none. */
  private static JsonNode find(JsonNode part, String type) {
    return type.equals(part.path("type").asText())
        ? part
        : children(part)
            .map(child -> find(child, type))
            .filter(found -> !found.isMissingNode())
            .findFirst()
            .orElse(MissingNode.getInstance());
  }

  /** The members of a Sequence, under whatever name its kind has for them. */
  static Stream<JsonNode> children(JsonNode part) {
    return Stream.of("normalizers", "pretokenizers", "decoders", "processors")
        .flatMap(key -> StreamSupport.stream(part.path(key).spliterator(), false));
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

  Optional<String> special(int id) {
    return Optional.ofNullable(specialNames.get(id));
  }

  /** The tokenizer as the file describes it. */
  HuggingFaceTokenizer withSpecials() {
    return nativeTokenizer(json);
  }

  /** The same without special tokens: then nothing a user writes can become one. */
  HuggingFaceTokenizer textOnly() {
    return nativeTokenizer(withoutSpecials());
  }

  /** The same for text that goes on where other tokens end: without a space before it. */
  HuggingFaceTokenizer continued() {
    ObjectNode copy = withoutSpecials();
    if (copy.path("normalizer").path("type").asText().equals("Prepend")) {
      copy.putNull("normalizer");
    } else if (copy.path("normalizer").path("normalizers") instanceof ArrayNode normalizers) {
      for (int i = normalizers.size() - 1; i >= 0; i--) {
        if (normalizers.path(i).path("type").asText().equals("Prepend")) {
          normalizers.remove(i);
        }
      }
    }
    dropPrefix(copy.path("pre_tokenizer"));
    return nativeTokenizer(copy);
  }

  private static void dropPrefix(JsonNode part) {
    if (part instanceof ObjectNode object && object.has("prepend_scheme")) {
      object.put("prepend_scheme", "never");
    }
    if (part instanceof ObjectNode object && object.has("add_prefix_space")) {
      object.put("add_prefix_space", false);
    }
    children(part).forEach(TokenizerJson::dropPrefix);
  }

  private ObjectNode withoutSpecials() {
    ObjectNode copy = json.deepCopy();
    ArrayNode kept = copy.putArray("added_tokens");
    for (JsonNode token : json.path("added_tokens")) {
      if (!token.path("special").asBoolean()) {
        kept.add(token);
      }
    }
    return copy;
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
