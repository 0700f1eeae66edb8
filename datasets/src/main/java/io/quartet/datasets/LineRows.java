package io.quartet.datasets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** JSON Lines, gunzipped by name: a row is a line that is not empty. */
final class LineRows extends Rows {
  private final ByteLines lines;

  LineRows(Path file) throws IOException {
    super(file);
    this.lines = new ByteLines(file);
  }

  @Override
  @Nullable Row read() throws IOException {
    byte[] line = lines.next();
    while (line != null && line.length == 0) {
      line = lines.next();
    }
    return line == null ? null : row(line);
  }

  private Row row(byte[] line) {
    if (line.length > ByteLines.LONGEST) {
      return bad("a line of more than %d MiB".formatted(ByteLines.LONGEST >> 20));
    }
    try {
      JsonNode value = JsonText.MAPPER.readTree(Utf8.decode(line, 0, line.length));
      return value instanceof ObjectNode columns
          ? Row.of(file(), lines.number(), columns)
          : bad("got %s, expected a JSON object".formatted(JsonText.kind(value)));
    } catch (CharacterCodingException e) {
      return bad(Utf8.BROKEN);
    } catch (JsonProcessingException e) {
      return bad("not JSON: " + e.getOriginalMessage());
    }
  }

  private Row bad(String problem) {
    return Row.bad(file(), lines.number(), problem);
  }

  @Override
  public void close() {
    close(file(), lines);
  }
}
