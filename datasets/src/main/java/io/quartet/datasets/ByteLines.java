package io.quartet.datasets;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A file's lines as bytes, without the ends of the lines, and their numbers. */
final class ByteLines implements Closeable {
  /** Longest line in bytes; of a longer one only the beginning is kept. */
  static final int LONGEST = 64 << 20;

  private final InputStream bytes;
  private final byte[] block = new byte[1 << 16];
  private int from;
  private int to;
  private long number;

  ByteLines(Path file) throws IOException {
    this.bytes = Rows.bytes(file);
  }

  /** The next line, longer than {@link #LONGEST} by one byte if it is too long; null at the end. */
  byte @Nullable [] next() throws IOException {
    var line = new ByteArrayOutputStream();
    boolean any = false;
    while (fill()) {
      any = true;
      int end = from;
      while (end < to && block[end] != '\n') {
        end++;
      }
      line.write(block, from, Math.min(end - from, LONGEST + 1 - line.size()));
      boolean ended = end < to;
      from = ended ? end + 1 : end;
      if (ended) {
        break;
      }
    }
    if (!any) {
      return null;
    }
    number++;
    return trimmed(line.toByteArray());
  }

  private byte[] trimmed(byte[] line) {
    int begin = number == 1 ? Utf8.mark(line, line.length) : 0;
    int end = line.length > begin && line[line.length - 1] == '\r' ? line.length - 1 : line.length;
    return begin == 0 && end == line.length ? line : Arrays.copyOfRange(line, begin, end);
  }

  /** The number of the line just read, from 1. */
  long number() {
    return number;
  }

  private boolean fill() throws IOException {
    if (from == to) {
      from = 0;
      to = Math.max(0, bytes.read(block));
    }
    return from < to;
  }

  @Override
  public void close() throws IOException {
    bytes.close();
  }
}
