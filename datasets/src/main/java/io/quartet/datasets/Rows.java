package io.quartet.datasets;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/** The rows of a file, read as they are asked for. */
abstract class Rows implements Iterator<Row>, AutoCloseable {
  /** What files may end with. */
  static final List<String> ENDINGS =
      List.of(".txt", ".md", ".jsonl", ".jsonl.gz", ".json", ".csv", ".parquet");

  private final Path file;
  private @Nullable Row next;

  Rows(Path file) {
    this.file = file;
  }

  /**
   * Opens a file by its ending.
   *
   * @param where a condition on its columns; empty for all rows
   * @throws QuartetException INVALID_ARGUMENT if it is not what its ending says, or the condition
   *     is none; NOT_FOUND or FAILED_PRECONDITION if it cannot be read
   */
  static Rows open(Path file, Optional<String> where) {
    String name = file.toString();
    if (name.endsWith(".parquet")) {
      return new ParquetRows(file, where);
    }
    try {
      Rows rows = opened(file, name);
      return where.<Rows>map(condition -> new FilteredRows(rows, condition)).orElse(rows);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static Rows opened(Path file, String name) throws IOException {
    if (name.endsWith(".txt") || name.endsWith(".md")) {
      return new TextRows(file);
    }
    if (name.endsWith(".csv")) {
      return new CsvRows(file);
    }
    return name.endsWith(".json") ? new JsonRows(file) : new LineRows(file);
  }

  /** A file's bytes, unzipped if its name says that they are zipped. */
  static InputStream bytes(Path file) throws IOException {
    InputStream bytes = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    return file.toString().endsWith(".gz") ? new GZIPInputStream(bytes, 1 << 16) : bytes;
  }

  /** The next row; null at the end. */
  abstract @Nullable Row read() throws IOException;

  @Override
  public abstract void close();

  Path file() {
    return file;
  }

  @Override
  public boolean hasNext() {
    try {
      next = next == null ? read() : next;
    } catch (IOException e) {
      throw failed(file, e);
    }
    return next != null;
  }

  @Override
  public Row next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    Row row = next;
    next = null;
    return row;
  }

  private static QuartetException failed(Path file, IOException e) {
    return e instanceof ZipException || e instanceof EOFException
        ? new QuartetException(
            ErrorCode.INVALID_ARGUMENT, "%s: not gzip: %s".formatted(file, e.getMessage()), e)
        : QuartetException.reading(file, e);
  }

  static void close(Path file, AutoCloseable open) {
    try {
      open.close();
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    } catch (Exception e) {
      throw new QuartetException(
          ErrorCode.INTERNAL, "%s: does not close: %s".formatted(file, e.getMessage()), e);
    }
  }
}
