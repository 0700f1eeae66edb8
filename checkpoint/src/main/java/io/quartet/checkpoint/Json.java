package io.quartet.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Reads and writes the JSON files of a checkpoint, two spaces deep as Hugging Face writes them. */
final class Json {
  static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /** The object in a file; {@code code} says what a file that is not a JSON object means here. */
  static ObjectNode read(Path file, ErrorCode code) {
    String text;
    try {
      text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
    return parse(text, file.toString(), code);
  }

  static ObjectNode parse(String text, String source, ErrorCode code) {
    try {
      JsonNode node = MAPPER.readTree(text);
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new QuartetException(
          code, "%s: found JSON %s, expected an object".formatted(source, kind(node)));
    } catch (JsonProcessingException e) {
      throw new QuartetException(code, "%s: not JSON: %s".formatted(source, problem(e)), e);
    }
  }

  /** Pretty-printed text with a final newline; the same value always gives the same bytes. */
  static String print(JsonNode node) {
    var indenter = new DefaultIndenter("  ", "\n");
    var printer = new DefaultPrettyPrinter().withObjectIndenter(indenter);
    try {
      return MAPPER.writer(printer).writeValueAsString(node) + "\n";
    } catch (JsonProcessingException e) {
      throw new QuartetException(ErrorCode.INTERNAL, "cannot write JSON: " + problem(e), e);
    }
  }

  static void write(Path file, JsonNode node) {
    write(file, print(node));
  }

  static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  private static String kind(JsonNode node) {
    return node.isMissingNode() ? "nothing" : node.getNodeType().name().toLowerCase(Locale.ROOT);
  }

  private static String problem(JsonProcessingException e) {
    String what = e.getOriginalMessage().lines().findFirst().orElse("");
    return e.getLocation() == null ? what : what + " (line " + e.getLocation().getLineNr() + ")";
  }
}
