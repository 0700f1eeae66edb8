package io.quartet.datasets;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.recipe.DataSource;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one list of a recipe's {@code data}, read as they are pulled: file after file, bad
 * ones skipped while the recipe allows it, each content once. Nothing but what was seen, a few
 * numbers a row, is held.
 *
 * @param <T> what a row is read as
 */
public final class Reading<T> implements Iterator<T>, AutoCloseable {
  /** Bad rows that are kept in words. */
  private static final int WORDED = 20;

  /** A file that is still to be read, with what the recipe says of it. */
  private record Pending(Path file, DataSource source) {}

  private final String key;
  private final Deque<Pending> files = new ArrayDeque<>();
  private final long allowed;
  private final List<Form<T>> forms;
  private final Function<T, List<String>> content;
  private final Fingerprints seen = new Fingerprints();
  private final List<FileReading<T>> done = new ArrayList<>();
  private final List<String> badRows = new ArrayList<>();
  private @Nullable FileReading<T> current;
  private @Nullable T next;
  private String place = "";
  private long bad;

  Reading(
      String key,
      List<DataSource> sources,
      List<String> endings,
      long badRows,
      List<Form<T>> forms,
      Function<T, List<String>> content) {
    this.key = key;
    this.allowed = badRows;
    this.forms = forms;
    this.content = content;
    for (DataSource source : sources) {
      DatasetFiles.matching(source.files(), endings)
          .forEach(file -> files.add(new Pending(file, source)));
    }
  }

  /**
   * Whether there is another row.
   *
   * @throws QuartetException INVALID_ARGUMENT with file, line and reason at the first bad row that
   *     is too many, and if no row was left at the end
   */
  @Override
  public boolean hasNext() {
    while (next == null && (current != null || !files.isEmpty())) {
      if (current == null) {
        Pending pending = files.remove();
        current = new FileReading<>(pending.file(), pending.source(), forms);
        done.add(current);
      }
      next = read(current);
    }
    if (next == null && !done.isEmpty() && summary().kept() == 0) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "data.%s: no row is left of %s, expected at least one"
              .formatted(key, summary().files().stream().map(FileSummary::toString).toList()));
    }
    return next != null;
  }

  /** A row that is good and new; null if the next one is not, or there is none. */
  private @Nullable T read(FileReading<T> file) {
    if (!file.hasNext()) {
      file.close();
      current = null;
      return null;
    }
    Row row = file.next();
    try {
      T value = file.parse(row);
      if (seen.add(content.apply(value))) {
        place = "%s:%d".formatted(row.file(), row.number());
        return value;
      }
      file.countDuplicate();
    } catch (BadRow e) {
      count(file, "%s:%d: %s".formatted(row.file(), row.number(), e.reason()));
    }
    return null;
  }

  private void count(FileReading<T> file, String problem) {
    file.countBad();
    bad++;
    if (bad > allowed) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          allowed == 0
              ? problem
              : "%s (bad row %d, data.bad_rows allows %d)".formatted(problem, bad, allowed));
    }
    if (badRows.size() < WORDED) {
      badRows.add(problem);
    }
  }

  @Override
  public T next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    T value = next;
    next = null;
    return value;
  }

  /** Where the row that came last is: {@code file:line}. */
  public String place() {
    return place;
  }

  /**
   * Counts the row that came last among the bad ones after all.
   *
   * @throws QuartetException INVALID_ARGUMENT if it is too many
   */
  public void reject(String reason) {
    count(done.get(done.size() - 1), "%s: %s".formatted(place, reason));
  }

  /** What was found so far. */
  public DataSummary summary() {
    return new DataSummary(key, done.stream().map(FileReading::summary).toList(), badRows);
  }

  @Override
  public void close() {
    if (current != null) {
      current.close();
    }
  }
}
