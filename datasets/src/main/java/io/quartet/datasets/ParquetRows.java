package io.quartet.datasets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A Parquet file through DuckDB; a condition is judged where the file is read. */
final class ParquetRows extends Rows {
  private final Connection connection;
  private final ResultSet results;

  ParquetRows(Path file, Optional<String> where) {
    super(file);
    if (!Files.isReadable(file)) {
      throw QuartetException.reading(file, new NoSuchFileException(file.toString()));
    }
    this.connection = Sandbox.open(Optional.of(file.toAbsolutePath()));
    String condition = where.map(w -> Sandbox.checked(connection, w)).orElse("true");
    try {
      this.results =
          connection
              .createStatement()
              .executeQuery(
                  """
                  SELECT file_row_number + 1, to_json(%s)
                  FROM read_parquet('%s', file_row_number = true) %1$s WHERE (%s
                  )
                  """
                      .formatted(Sandbox.ROWS, Sandbox.pattern(file.toAbsolutePath()), condition));
    } catch (SQLException e) {
      close();
      throw where.isPresent() && Sandbox.reason(e).startsWith("Binder")
          ? Sandbox.refused(where.get(), "%s: %s".formatted(file, Sandbox.reason(e)))
          : failed(e);
    }
  }

  @Override
  @Nullable Row read() {
    try {
      return results.next() ? row(results.getLong(1), results.getString(2)) : null;
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private Row row(long number, String json) {
    try {
      ObjectNode columns = (ObjectNode) JsonText.MAPPER.readTree(json);
      return Row.of(file(), number, columns);
    } catch (JsonProcessingException e) {
      return Row.bad(file(), number, "not JSON: " + e.getOriginalMessage());
    }
  }

  private QuartetException failed(SQLException e) {
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT, "%s: %s".formatted(file(), Sandbox.reason(e)), e);
  }

  @Override
  public void close() {
    close(file(), connection);
  }
}
