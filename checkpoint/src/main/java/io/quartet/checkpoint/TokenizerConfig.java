package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What stands beside a {@code tokenizer.json}.
 *
 * @param chatTemplate {@code chat_template.jinja}, or else {@code chat_template} of {@code
 *     tokenizer_config.json}
 * @param specials special tokens by what a template calls them: {@code bos_token}, {@code
 *     eos_token} and the like
 */
record TokenizerConfig(Optional<String> chatTemplate, Map<String, String> specials) {
  static final String FILE = "tokenizer_config.json";
  static final String TEMPLATE = "chat_template.jinja";
  static final String SPECIALS_MAP = "special_tokens_map.json";

  /** Reads a folder; INVALID_ARGUMENT if a file is there and not JSON. */
  static TokenizerConfig read(Path directory) {
    Map<String, String> specials = new LinkedHashMap<>();
    ObjectNode config = json(directory.resolve(FILE));
    for (ObjectNode json : new ObjectNode[] {json(directory.resolve(SPECIALS_MAP)), config}) {
      for (Map.Entry<String, JsonNode> entry : json.properties()) {
        JsonNode token = entry.getValue();
        String content = token.isObject() ? token.path("content").asText() : token.asText();
        if (entry.getKey().endsWith("_token") && (token.isObject() || token.isTextual())) {
          specials.put(entry.getKey(), content);
        }
      }
    }
    return new TokenizerConfig(template(directory, config), Map.copyOf(specials));
  }

  private static Optional<String> template(Path directory, ObjectNode config) {
    Path file = directory.resolve(TEMPLATE);
    if (Files.exists(file)) {
      try {
        return Optional.of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw QuartetException.reading(file, e);
      }
    }
    JsonNode template = config.path("chat_template");
    for (JsonNode named : template) { // some models have several
      if (named.path("name").asText().equals("default")) {
        return Optional.of(named.path("template").asText());
      }
    }
    return template.isTextual() ? Optional.of(template.asText()) : Optional.empty();
  }

  private static ObjectNode json(Path file) {
    return Files.exists(file) ? Json.read(file, ErrorCode.INVALID_ARGUMENT) : Json.object();
  }
}
