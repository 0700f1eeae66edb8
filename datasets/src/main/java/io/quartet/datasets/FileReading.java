package io.quartet.datasets;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.recipe.DataShape;
import io.quartet.recipe.DataSource;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A file under way: its rows by its shape, and what was counted. */
final class FileReading<T> implements AutoCloseable {
  /** Rows that the shape is recognised by. */
  private static final int FIRST_ROWS = 20;

  private final Path file;
  private final DataSource source;
  private final List<Form<T>> forms;
  private final Rows rows;
  private final Deque<Row> first = new ArrayDeque<>();
  private final Optional<Form<T>> form;
  private long count;
  private long bad;
  private long duplicates;

  FileReading(Path file, DataSource source, List<Form<T>> forms) {
    this.file = file;
    this.source = source;
    this.forms = forms;
    this.rows = Rows.open(file, source.where());
    if (source.shape().isPresent() || forms.size() == 1) {
      DataShape shape = source.shape().orElse(forms.get(0).shape());
      this.form = forms.stream().filter(f -> f.shape() == shape).findFirst();
    } else {
      while (first.size() < FIRST_ROWS && rows.hasNext()) {
        first.add(rows.next());
      }
      this.form = recognised();
    }
  }

  /** The form that fits most of the first rows. */
  private Optional<Form<T>> recognised() {
    Form<T> best = null;
    long most = 0;
    for (Form<T> candidate : forms) {
      long fitting = first.stream().filter(row -> fits(candidate, row)).count();
      if (fitting > most) {
        best = candidate;
        most = fitting;
      }
    }
    return Optional.ofNullable(best);
  }

  private boolean fits(Form<T> candidate, Row row) {
    ObjectNode columns = row.columns();
    return columns != null && candidate.fits().test(new JsonRow(columns, source.columns()));
  }

  boolean hasNext() {
    return !first.isEmpty() || rows.hasNext();
  }

  Row next() {
    count++;
    return first.isEmpty() ? rows.next() : first.remove();
  }

  /** What a row says by the file's shape; throws {@link BadRow}. */
  T parse(Row row) {
    ObjectNode columns = row.columns();
    if (columns == null) {
      throw new BadRow("%s", row.problem());
    }
    JsonRow named = new JsonRow(columns, source.columns());
    return form.map(f -> f.parse().apply(named))
        .orElseThrow(
            () ->
                new BadRow(
                    "got %s, expected %s",
                    named.kind(),
                    forms.stream().map(Form::columns).collect(Collectors.joining("; or "))));
  }

  void countBad() {
    bad++;
  }

  void countDuplicate() {
    duplicates++;
  }

  FileSummary summary() {
    String shape = form.map(f -> f.shape().label()).orElse("unknown");
    return new FileSummary(file, shape, count, bad, duplicates);
  }

  @Override
  public void close() {
    rows.close();
  }
}
