package io.quartet.datasets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Comma-separated values (RFC 4180) below a line of names; every cell is text. */
final class CsvRows extends Rows {
  private static final CsvMapper MAPPER =
      CsvMapper.builder()
          .enable(CsvParser.Feature.WRAP_AS_ARRAY)
          .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
          .build();

  private final InputStreamReader text;
  private @Nullable MappingIterator<String[]> records;
  private String @Nullable [] names;

  CsvRows(Path file) throws IOException {
    super(file);
    this.text = new InputStreamReader(bytes(file), StandardCharsets.UTF_8.newDecoder());
  }

  @Override
  @Nullable Row read() throws IOException {
    try {
      if (records == null || names == null) {
        records = MAPPER.readerFor(String[].class).readValues(text);
        names = records.hasNextValue() ? records.nextValue() : new String[] {""};
        names[0] = names[0].replace("\ufeff", "");
      }
      long line = records.getCurrentLocation().getLineNr();
      if (!records.hasNextValue()) {
        return null;
      }
      String[] cells = records.nextValue();
      if (cells.length != names.length) {
        return Row.bad(
            file(), line, "got %d columns, expected %d".formatted(cells.length, names.length));
      }
      ObjectNode columns = JsonText.MAPPER.createObjectNode();
      for (int i = 0; i < cells.length; i++) {
        columns.put(names[i], cells[i]);
      }
      return Row.of(file(), line, columns);
    } catch (CharacterCodingException e) {
      throw failed(broken(), Utf8.BROKEN, e);
    } catch (JsonProcessingException e) {
      long at = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
      throw failed(at, "not CSV: " + e.getOriginalMessage().lines().findFirst().orElse(""), e);
    }
  }

  private QuartetException failed(long line, String problem, IOException cause) {
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT, "%s:%d: %s".formatted(file(), line, problem), cause);
  }

  /** The decoder reads ahead of the rows and does not say where it stopped. */
  private long broken() throws IOException {
    try (var lines = new ByteLines(file())) {
      for (byte[] line = lines.next(); line != null; line = lines.next()) {
        try {
          Utf8.decode(line, 0, line.length);
        } catch (CharacterCodingException e) {
          return lines.number();
        }
      }
      return lines.number();
    }
  }

  @Override
  public void close() {
    close(file(), text);
  }
}
