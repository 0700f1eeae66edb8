package io.quartet.datasets;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** The rows of files, one file after the other, read as they are asked for. */
final class Rows implements Iterator<Rows.Row>, AutoCloseable {
  /**
   * One row.
   *
   * @param number counts the file's rows from 1, empty lines not among them
   */
  record Row(Path file, long number, String text) {}

  private final Connection connection;
  private final Iterator<Path> files;
  private @Nullable Path file;
  private @Nullable ResultSet results;
  private long number;
  private @Nullable Row next;

  Rows(List<Path> files) {
    this.files = files.iterator();
    try {
      Properties streaming = new Properties();
      // Otherwise the driver collects a query's whole result before it hands out the first row.
      streaming.setProperty("jdbc_stream_results", "true");
      this.connection = DriverManager.getConnection("jdbc:duckdb:", streaming);
    } catch (SQLException e) {
      throw new QuartetException(
          ErrorCode.INTERNAL, "data: DuckDB does not start: " + reason(e), e);
    }
  }

  @Override
  public boolean hasNext() {
    while (next == null && advance()) {
      // The file just opened has no row, or the row just read is in place.
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

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw new QuartetException(ErrorCode.INTERNAL, "data: DuckDB does not stop: " + reason(e), e);
    }
  }

  /** Reads a row or opens a file; false at the end of the last one. */
  private boolean advance() {
    try {
      if (results != null && file != null && results.next()) {
        number++;
        next = new Row(file, number, results.getString(1));
        return true;
      }
      if (!files.hasNext()) {
        return false;
      }
      file = files.next();
      number = 0;
      results = connection.createStatement().executeQuery(query(file));
      return true;
    } catch (SQLException e) {
      throw new QuartetException(ErrorCode.INVALID_ARGUMENT, BadRow.unreadable(file, reason(e)), e);
    }
  }

  private static String query(Path file) {
    String name = file.toString();
    return name.endsWith(".txt") || name.endsWith(".md")
        ? DatasetQueries.text(file)
        : DatasetQueries.lines(file);
  }

  private static String reason(SQLException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
