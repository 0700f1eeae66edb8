package io.quartet.datasets;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a text format that a condition holds for. DuckDB judges a batch at a time, in memory,
 * so that bad rows keep their lines and pass on to be counted; it has no access to any file.
 */
final class FilteredRows extends Rows {
  private static final int BATCH = 2048;

  /** Characters after which a batch is full. */
  private static final int BATCH_CHARACTERS = 1 << 24;

  /** How DuckDB begins to say that there is no such column. */
  private static final String UNKNOWN_COLUMN = "Binder Error: Referenced column";

  /** Stands for the row that has a value for each column seen so far. */
  private static final long EXAMPLE = -1;

  private final Rows rows;
  private final String where;
  private final boolean typed;
  private final Connection connection;
  private final ObjectNode example = JsonNodeFactory.instance.objectNode();
  private final Deque<Row> kept = new ArrayDeque<>();
  private boolean lookedAhead;

  FilteredRows(Rows rows, String where) {
    super(rows.file());
    this.rows = rows;
    this.typed = !(rows instanceof CsvRows);
    this.connection = Sandbox.open(Optional.empty());
    this.where = Sandbox.checked(connection, where);
  }

  /** A row with its columns as they are judged; null if it is bad. */
  private record Pending(Row row, @Nullable String json) {}

  @Override
  @Nullable Row read() {
    while (kept.isEmpty() && rows.hasNext()) {
      List<Pending> batch = new ArrayList<>();
      int characters = 0;
      while (batch.size() < BATCH && characters < BATCH_CHARACTERS && rows.hasNext()) {
        Row row = rows.next();
        ObjectNode columns = row.columns();
        String json = columns == null ? null : judged(columns).toString();
        characters += json == null ? 0 : json.length();
        batch.add(new Pending(row, json));
      }
      BitSet passing = judge(batch);
      passing.stream().forEach(i -> kept.add(batch.get(i).row()));
    }
    return kept.poll();
  }

  private BitSet judge(List<Pending> batch) {
    BitSet passing = new BitSet();
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE OR REPLACE TABLE batch (number BIGINT, json JSON)");
      try (DuckDBAppender appender =
          connection.unwrap(DuckDBConnection.class).createAppender("main", "batch")) {
        for (int i = 0; i < batch.size(); i++) {
          String json = batch.get(i).json();
          if (json == null) {
            passing.set(i);
          } else {
            append(appender, i, json);
          }
        }
        append(appender, EXAMPLE, example.toString());
      }
      if (!example.isEmpty()) {
        mark(statement, structure(statement), passing);
      }
      return passing;
    } catch (SQLException e) {
      if (!lookedAhead && Sandbox.reason(e).startsWith(UNKNOWN_COLUMN)) {
        lookAhead();
        return judge(batch);
      }
      throw Sandbox.refused(where, "%s: %s".formatted(file(), Sandbox.reason(e)));
    }
  }

  /** Reads the whole file for its columns: the one that is missed may be in a later row. */
  private void lookAhead() {
    lookedAhead = true;
    try (Rows all = Rows.open(file(), Optional.empty())) {
      while (all.hasNext()) {
        ObjectNode columns = all.next().columns();
        if (columns != null) {
          judged(columns);
        }
      }
    }
  }

  private static String structure(Statement statement) throws SQLException {
    try (ResultSet found = statement.executeQuery("SELECT json_group_structure(json) FROM batch")) {
      found.next();
      return found.getString(1);
    }
  }

  private void mark(Statement statement, String structure, BitSet passing) throws SQLException {
    String query =
        """
        SELECT quartet_number FROM (
          SELECT number AS quartet_number, unnest(from_json(json, '%s')) FROM batch) %s
        WHERE quartet_number >= 0 AND (%s
        )
        """
            .formatted(structure.replace("'", "''"), Sandbox.ROWS, where);
    try (ResultSet numbers = statement.executeQuery(query)) {
      while (numbers.next()) {
        passing.set(numbers.getInt(1));
      }
    }
  }

  private static void append(DuckDBAppender appender, long number, String json)
      throws SQLException {
    appender.beginRow();
    appender.append(number);
    appender.append(json);
    appender.endRow();
  }

  /** The columns as they are judged; those of CSV as numbers where they look like such. */
  private ObjectNode judged(ObjectNode columns) {
    ObjectNode judged = typed ? columns : columns.deepCopy();
    for (Map.Entry<String, JsonNode> column : columns.properties()) {
      if (!typed) {
        judged.set(column.getKey(), value(column.getValue().asText()));
      }
      JsonNode value = judged.get(column.getKey());
      if (!value.isNull() && !example.has(column.getKey())) {
        example.set(column.getKey(), value);
      }
    }
    return judged;
  }

  private static JsonNode value(String cell) {
    if (cell.isEmpty()) {
      return JsonNodeFactory.instance.nullNode();
    }
    if (cell.matches("-?\\d{1,18}")) {
      return JsonNodeFactory.instance.numberNode(Long.parseLong(cell));
    }
    return cell.matches("-?\\d{1,18}\\.\\d{1,18}([eE][-+]?\\d{1,3})?")
        ? JsonNodeFactory.instance.numberNode(Double.parseDouble(cell))
        : JsonNodeFactory.instance.textNode(cell);
  }

  @Override
  public void close() {
    rows.close();
    close(file(), connection);
  }
}
