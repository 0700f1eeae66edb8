package io.quartet.datasets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Properties;

/**
 * A DuckDB of its own that sees no file but the one it is for, writes none, loads no extension and
 * cannot be talked out of it; conditions come from people, and one may be wrong or malicious.
 */
final class Sandbox {
  /** The table or view that a condition is about. */
  static final String ROWS = "quartet_rows";

  private Sandbox() {}

  /**
   * Opens one.
   *
   * @param file the file that it may read; empty for none
   */
  static Connection open(Optional<Path> file) {
    try {
      Properties streaming = new Properties();
      // Otherwise the driver collects a query's whole result before it hands out the first row.
      streaming.setProperty("jdbc_stream_results", "true");
      Connection connection = DriverManager.getConnection("jdbc:duckdb:", streaming);
      try (Statement settings = connection.createStatement()) {
        settings.execute("SET autoinstall_known_extensions = false");
        settings.execute("SET autoload_known_extensions = false");
        settings.execute("SET threads = 1"); // rows in the file's order
        settings.execute("SET temp_directory = ''");
        if (file.isPresent()) {
          settings.execute(
              "SET allowed_paths = ['%s', '%s']"
                  .formatted(quoted(file.get().toString()), pattern(file.get())));
        }
        settings.execute("SET enable_external_access = false");
        settings.execute("SET lock_configuration = true");
      }
      return connection;
    } catch (SQLException e) {
      throw new QuartetException(
          ErrorCode.INTERNAL, "data: DuckDB does not start: " + reason(e), e);
    }
  }

  /** A path as a literal's content, in which nothing is a pattern. */
  static String pattern(Path file) {
    return quoted(file.toString().replaceAll("[*?\\[]", "[$0]"));
  }

  private static String quoted(String text) {
    return text.replace("'", "''");
  }

  /**
   * A condition that was seen to be one: a single expression on the row's own columns, without
   * subqueries, further clauses or further statements.
   *
   * @throws QuartetException INVALID_ARGUMENT if it is not
   */
  static String checked(Connection connection, String where) {
    String query = "SELECT 1 FROM %s WHERE (%s\n)".formatted(ROWS, where);
    try (PreparedStatement parse =
        connection.prepareStatement("SELECT json_serialize_sql(?::VARCHAR)")) {
      parse.setString(1, query);
      try (ResultSet parsed = parse.executeQuery()) {
        parsed.next();
        JsonNode tree = JsonText.MAPPER.readTree(parsed.getString(1));
        if (tree.path("error").asBoolean()) {
          throw refused(where, tree.path("error_message").asText());
        }
        JsonNode node = tree.at("/statements/0/node");
        boolean alone =
            tree.path("statements").size() == 1
                && node.path("type").asText().equals("SELECT_NODE")
                && node.path("modifiers").isEmpty()
                && node.path("group_expressions").isEmpty()
                && node.path("having").isNull()
                && node.path("qualify").isNull()
                && node.path("sample").isNull()
                && node.findValuesAsText("class").stream().noneMatch("SUBQUERY"::equals);
        if (!alone) {
          throw refused(where, "expected one condition on the columns, without subqueries");
        }
        return where;
      }
    } catch (SQLException e) {
      throw refused(where, reason(e));
    } catch (JsonProcessingException e) {
      throw new QuartetException(ErrorCode.INTERNAL, "data: where: " + e.getOriginalMessage(), e);
    }
  }

  static QuartetException refused(String where, String reason) {
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT,
        "data: where \"%s\": %s".formatted(where, reason.lines().findFirst().orElse("")));
  }

  static String reason(SQLException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
