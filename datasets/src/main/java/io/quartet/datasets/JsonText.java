package io.quartet.datasets;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.util.List;
import java.util.Locale;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** How JSON is read, and named in messages. */
final class JsonText {
  static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxStringLength(ByteLines.LONGEST).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private JsonText() {}

  /** What a value is, in words. */
  static String kind(@Nullable JsonNode node) {
    if (node == null || node.isMissingNode()) {
      return "nothing";
    }
    if (node.isTextual()) {
      return node.asText().isBlank() ? "an empty string" : "a string";
    }
    if (node.isArray() && node.isEmpty()) {
      return "an empty list";
    }
    if (node.isObject()) {
      List<String> keys =
          StreamSupport.stream(((Iterable<String>) node::fieldNames).spliterator(), false).toList();
      return "an object with " + keys;
    }
    return node.getNodeType() == JsonNodeType.NULL
        ? "null"
        : (node.isArray() ? "an " : "a ") + node.getNodeType().name().toLowerCase(Locale.ROOT);
  }
}
