package io.quartet.datasets;

import java.nio.file.Path;

/** What DuckDB is asked; both queries have one column of text. */
final class DatasetQueries {
  /** Longest line in bytes. */
  static final int LONGEST_LINE = 64 << 20;

  private DatasetQueries() {}

  /** A text file as one row. */
  static String text(Path file) {
    return "SELECT content FROM read_text('%s')".formatted(quoted(file));
  }

  /**
   * A file's lines in their order, gunzipped by name, without empty ones. As CSV of one column that
   * no line can break up, not as JSON: DuckDB's JSON reader stops at a bad line without saying
   * which.
   */
  static String lines(Path file) {
    return """
        SELECT line FROM read_csv('%s', columns = {'line': 'VARCHAR'}, header = false,
          auto_detect = false, delim = e'\\x01', quote = '', escape = '', comment = '',
          nullstr = e'\\x02', strict_mode = false, parallel = false, max_line_size = %d)
        """
        .formatted(quoted(file), LONGEST_LINE);
  }

  /** A path in which nothing is a pattern or ends the literal. */
  private static String quoted(Path file) {
    return file.toString().replaceAll("[*?\\[]", "[$0]").replace("'", "''");
  }
}
