package io.quartet.datasets;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What was found in the files of one list of a recipe's {@code data}.
 *
 * @param key the list: {@code documents}, {@code demonstrations}, {@code comparisons} or {@code
 *     prompts}
 * @param files in the order in which they were read
 * @param badRows the first bad rows, each {@code file:line: reason}
 */
public record DataSummary(String key, List<FileSummary> files, List<String> badRows) {
  /** Files that are told apart in the metrics. */
  private static final int TOLD_APART = 50;

  /** Copies the lists. */
  public DataSummary {
    files = List.copyOf(files);
    badRows = List.copyOf(badRows);
  }

  /** Of a stage that has no files of its own. */
  public static DataSummary none(String key) {
    return new DataSummary(key, List.of(), List.of());
  }

  /** Rows that were used. */
  public long kept() {
    return files.stream().mapToLong(FileSummary::kept).sum();
  }

  /** Everything for the log, a line each. */
  public List<String> lines() {
    return Stream.concat(
            badRows.stream().map(row -> "skipped " + row),
            files.stream().map(file -> "data.%s: %s".formatted(key, file)))
        .toList();
  }

  /** The value of {@code data} in a checkpoint's metrics; empty without files. */
  public Map<String, Object> toMetrics() {
    Map<String, Object> byFile = new LinkedHashMap<>();
    files.stream()
        .limit(TOLD_APART)
        .forEach(file -> byFile.put(String.valueOf(file.file()), file.toMetrics()));
    if (files.size() > TOLD_APART) {
      List<FileSummary> others = files.subList(TOLD_APART, files.size());
      byFile.put(
          "%d other files".formatted(others.size()),
          Map.of(
              "rows", others.stream().mapToLong(FileSummary::rows).sum(),
              "bad", others.stream().mapToLong(FileSummary::bad).sum(),
              "duplicates", others.stream().mapToLong(FileSummary::duplicates).sum()));
    }
    return files.isEmpty() ? Map.of() : Map.of("data", Map.of(key, byFile));
  }
}
