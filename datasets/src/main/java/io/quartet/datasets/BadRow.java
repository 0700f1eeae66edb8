package io.quartet.datasets;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Says which line of a file is bad. DuckDB skips empty lines and counts its own way, so that, now
 * that something is wrong and time does not matter, the file is read once more to count.
 */
final class BadRow {
  private BadRow() {}

  /** The failure of a row: file, line and reason. */
  static QuartetException at(Rows.Row row, String reason) {
    long[] left = {row.number()};
    long line = Math.max(1, firstLine(row.file(), bytes -> bytes.length > 0 && --left[0] == 0));
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT, "%s:%d: %s".formatted(row.file(), line, reason));
  }

  /** Why a file could not be read, with the line if it is the text's fault. */
  static String unreadable(@Nullable Path file, String reason) {
    if (file == null || !Files.isReadable(file)) {
      return "%s: cannot be read".formatted(file);
    }
    long broken = firstLine(file, bytes -> !isUtf8(bytes));
    if (broken > 0) {
      return "%s:%d: bytes that are not UTF-8".formatted(file, broken);
    }
    long huge = firstLine(file, bytes -> bytes.length > DatasetQueries.LONGEST_LINE);
    return huge > 0
        ? "%s:%d: a line of more than %d MiB"
            .formatted(file, huge, DatasetQueries.LONGEST_LINE >> 20)
        : "%s: %s".formatted(file, reason);
  }

  /** The number of the first line that a test holds for, from 1; 0 if there is none. */
  private static long firstLine(Path file, Predicate<byte[]> test) {
    try (InputStream bytes = open(file)) {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      long number = 1;
      for (int b = bytes.read(); b >= 0; b = bytes.read()) {
        if (b != '\n') {
          line.write(b);
        } else if (test.test(withoutReturn(line))) {
          return number;
        } else {
          line.reset();
          number++;
        }
      }
      return test.test(withoutReturn(line)) ? number : 0;
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
  }

  private static byte[] withoutReturn(ByteArrayOutputStream line) {
    String text = line.toString(StandardCharsets.ISO_8859_1);
    return (text.endsWith("\r") ? text.substring(0, text.length() - 1) : text)
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static InputStream open(Path file) throws IOException {
    InputStream bytes = new BufferedInputStream(Files.newInputStream(file));
    return file.toString().endsWith(".gz")
        ? new BufferedInputStream(new GZIPInputStream(bytes))
        : bytes;
  }

  private static boolean isUtf8(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }
}
