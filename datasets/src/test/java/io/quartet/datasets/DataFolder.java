package io.quartet.datasets;

import io.quartet.recipe.DataSection;
import io.quartet.recipe.DataShape;
import io.quartet.recipe.DataSource;
import io.quartet.recipe.TokenizerSection;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.zip.GZIPOutputStream;

/** A folder of a user's files, and the part of a recipe that names them. */
record DataFolder(Path folder) {
  Path write(String name, String... lines) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, String.join("\n", lines));
  }

  Path gzip(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    try (OutputStream gzip = new GZIPOutputStream(Files.newOutputStream(file))) {
      gzip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return file;
  }

  /** Writes what a query gives. */
  Path parquet(String name, String query) throws SQLException {
    Path file = folder.resolve(name);
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
        var statement = connection.createStatement()) {
      statement.execute("COPY (%s) TO '%s' (FORMAT parquet)".formatted(query, file));
    }
    return file;
  }

  DataSource source(String pattern) {
    return DataSource.of(folder + "/" + pattern);
  }

  DataSource where(String pattern, String where) {
    return new DataSource(folder + "/" + pattern, Optional.empty(), Optional.of(where), Map.of());
  }

  DataSource shaped(String pattern, DataShape shape) {
    return new DataSource(folder + "/" + pattern, Optional.of(shape), Optional.empty(), Map.of());
  }

  /** A recipe's data with the same entries in every list. */
  static DataSection data(long badRows, DataSource... sources) {
    List<DataSource> documents = new ArrayList<>(List.of(sources));
    documents.replaceAll(s -> new DataSource(s.files(), Optional.empty(), s.where(), s.columns()));
    Function<DataShape[], List<DataSource>> with =
        shapes ->
            List.of(sources).stream()
                .map(
                    s ->
                        new DataSource(
                            s.files(),
                            s.shape().filter(List.of(shapes)::contains),
                            s.where(),
                            s.columns()))
                .toList();
    return new DataSection(
        Optional.empty(),
        documents,
        with.apply(new DataShape[] {DataShape.MESSAGES, DataShape.SHAREGPT, DataShape.ALPACA}),
        with.apply(
            new DataShape[] {DataShape.PAIRS, DataShape.SHAREGPT, DataShape.HH, DataShape.RANKED}),
        with.apply(
            new DataShape[] {
              DataShape.PAIRS,
              DataShape.MESSAGES,
              DataShape.SHAREGPT,
              DataShape.ALPACA,
              DataShape.HH
            }),
        badRows,
        0,
        new TokenizerSection(300));
  }

  static <T> List<T> read(Reading<T> reading) {
    try (reading) {
      List<T> rows = new ArrayList<>();
      reading.forEachRemaining(rows::add);
      return Collections.unmodifiableList(rows);
    }
  }
}
