package io.quartet.datasets;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A JSON file with one array of objects, or objects one after the other. After a syntax error
 * nobody knows where the next row begins: it fails the reading, whatever number of bad rows is
 * allowed.
 */
final class JsonRows extends Rows {
  private static final ObjectReader ROW =
      JsonText.MAPPER.reader().without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final JsonParser parser;
  private boolean begun;

  JsonRows(Path file) throws IOException {
    super(file);
    this.parser = JsonText.MAPPER.getFactory().createParser(bytes(file));
  }

  @Override
  @Nullable Row read() throws IOException {
    try {
      JsonToken token = parser.nextToken();
      if (!begun && token == JsonToken.START_ARRAY) {
        token = parser.nextToken();
      }
      begun = true;
      if (token == JsonToken.END_ARRAY) {
        token = parser.nextToken();
      }
      if (token == null) {
        return null;
      }
      long line = parser.currentTokenLocation().getLineNr();
      JsonNode value = ROW.readTree(parser);
      return value instanceof ObjectNode columns
          ? Row.of(file(), line, columns)
          : Row.bad(file(), line, "got %s, expected a JSON object".formatted(JsonText.kind(value)));
    } catch (JsonProcessingException e) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "%s:%d: not JSON: %s"
              .formatted(
                  file(),
                  e.getLocation() == null ? 1 : e.getLocation().getLineNr(),
                  e.getOriginalMessage().lines().findFirst().orElse("")),
          e);
    }
  }

  @Override
  public void close() {
    close(file(), parser);
  }
}
