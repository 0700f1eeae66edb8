package io.quartet.datasets;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A row of a file: its columns, or why there are none.
 *
 * @param number its line from 1; in a Parquet file its row from 1
 * @param columns the row's values by their names; null if the row is bad
 * @param problem what was found and what was expected; empty unless the row is bad
 */
record Row(Path file, long number, @Nullable ObjectNode columns, String problem) {
  static Row of(Path file, long number, ObjectNode columns) {
    return new Row(file, number, columns, "");
  }

  static Row bad(Path file, long number, String problem) {
    return new Row(file, number, null, problem);
  }
}
