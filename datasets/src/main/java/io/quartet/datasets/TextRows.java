package io.quartet.datasets;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Plain text: a file is one row of {@code text}. A file of more than {@link #LONGEST} bytes is cut
 * into several, after an empty line if there is one, else after a line.
 */
final class TextRows extends Rows {
  /** Longest row in bytes. */
  static final int LONGEST = 4 << 20;

  private final InputStream bytes;
  private final byte[] block = new byte[LONGEST];
  private int held;
  private long line = 1;
  private boolean begun;
  private boolean anything;

  TextRows(Path file) throws IOException {
    super(file);
    this.bytes = bytes(file);
  }

  @Override
  @Nullable Row read() throws IOException {
    while (true) {
      held += bytes.readNBytes(block, held, LONGEST - held);
      if (held == 0) {
        boolean empty = !anything;
        anything = true;
        return empty ? Row.bad(file(), 1, "expected text, the file is empty") : null;
      }
      int from = begun ? 0 : Utf8.mark(block, held);
      begun = true;
      Row row = row(from, held < LONGEST ? held : cut());
      if (row != null) {
        anything = true;
        return row;
      }
    }
  }

  /** The text up to an index, which leaves the block; null if there is only white space. */
  private @Nullable Row row(int from, int end) {
    long number = line;
    try {
      String text = Utf8.decode(block, from, end - from);
      if (text.isBlank()) {
        return null;
      }
      ObjectNode columns = JsonText.MAPPER.createObjectNode();
      return Row.of(file(), number, columns.put("text", text));
    } catch (CharacterCodingException e) {
      return Row.bad(file(), number + brokenLine(from, end), Utf8.BROKEN);
    } finally {
      line += count(from, end);
      System.arraycopy(block, end, block, 0, held - end);
      held -= end;
    }
  }

  /** Where to cut a full block: behind its last empty line, line or character. */
  private int cut() {
    int afterLine = 0;
    for (int i = LONGEST - 1; i > 0; i--) {
      if (block[i] == '\n') {
        afterLine = Math.max(afterLine, i + 1);
        if (block[i - 1] == '\n') {
          return i + 1;
        }
      }
    }
    int character = LONGEST;
    while (afterLine == 0 && (block[character - 1] & 0xc0) == 0x80 && character > LONGEST - 3) {
      character--;
    }
    return afterLine > 0 ? afterLine : character - 1;
  }

  private long count(int from, int end) {
    long lines = 0;
    for (int i = from; i < end; i++) {
      lines += block[i] == '\n' ? 1 : 0;
    }
    return lines;
  }

  /** How many lines before the first that is not UTF-8. */
  private long brokenLine(int from, int end) {
    int begin = from;
    for (int i = from; i < end; i++) {
      if (block[i] == '\n') {
        try {
          Utf8.decode(block, begin, i - begin);
        } catch (CharacterCodingException e) {
          return count(from, begin);
        }
        begin = i + 1;
      }
    }
    return count(from, begin);
  }

  @Override
  public void close() {
    close(file(), bytes);
  }
}
