package io.quartet.datasets;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What was found in a file.
 *
 * @param shape how its rows are laid out, as {@code shape:} names it
 * @param rows that were read, those that its condition left out not among them
 * @param bad of these, those that were skipped because something is wrong with them
 * @param duplicates of these, those whose content had come before
 */
public record FileSummary(Path file, String shape, long rows, long bad, long duplicates) {
  /** Rows that were used. */
  public long kept() {
    return rows - bad - duplicates;
  }

  Map<String, Object> toMetrics() {
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("shape", shape);
    metrics.put("rows", rows);
    metrics.put("bad", bad);
    metrics.put("duplicates", duplicates);
    return metrics;
  }

  @Override
  public String toString() {
    return "%s: %s, %d rows, %d bad, %d duplicates".formatted(file, shape, rows, bad, duplicates);
  }
}
