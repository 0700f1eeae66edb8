package io.quartet.recipe;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An entry of {@code data}: in the recipe a path or a pattern alone, or keys and values.
 *
 * @param files a path, or a pattern of {@code *}, {@code **}, {@code ?}, {@code [...]} and {@code
 *     {...}}
 * @param shape how the rows are laid out; empty to recognise it from each file's first rows
 * @param where a condition in DuckDB's SQL on the rows' columns; empty for every row
 * @param columns the shape's names to the files' names for them, where those differ
 */
public record DataSource(
    String files, Optional<DataShape> shape, Optional<String> where, Map<String, String> columns) {
  private static final List<String> KEYS = List.of("files", "shape", "where", "columns");

  /** Validates that there are files to look for. */
  public DataSource {
    columns = Map.copyOf(columns);
    Check.holds(!files.isBlank(), "files", "'" + files + "'", "a path or a pattern");
    Check.holds(
        where.filter(String::isBlank).isEmpty(), "where", "''", "a condition on the columns");
  }

  /** Every row of some files, whatever their shape. */
  public static DataSource of(String files) {
    return new DataSource(files, Optional.empty(), Optional.empty(), Map.of());
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static DataSource parse(JsonNode entry) {
    if (entry.isTextual()) {
      return of(entry.textValue());
    }
    String pattern = "'files' or a path alone";
    Check.holds(entry.isObject(), "files", "'" + entry.asText() + "'", "a path or a pattern");
    for (Map.Entry<String, JsonNode> pair : entry.properties()) {
      String key = pair.getKey();
      Check.holds(KEYS.contains(key), key, "a key that is none", new RecipeKeys(KEYS).nearest(key));
    }
    Check.holds(entry.has("files"), "files", "nothing", pattern);
    Map<String, String> columns = new LinkedHashMap<>();
    JsonNode renamed = entry.path("columns");
    Check.holds(
        renamed.isMissingNode() || renamed.isObject(), "columns", renamed, "keys and values");
    renamed.properties().forEach(c -> columns.put(c.getKey(), text(renamed, c.getKey())));
    return new DataSource(
        text(entry, "files"),
        entry.has("shape") ? Optional.of(shape(text(entry, "shape"))) : Optional.empty(),
        entry.has("where") ? Optional.of(text(entry, "where")) : Optional.empty(),
        columns);
  }

  private static String text(JsonNode entry, String key) {
    JsonNode value = entry.path(key);
    Check.holds(value.isTextual(), key, value, "text");
    return value.textValue();
  }

  private static DataShape shape(String name) {
    Optional<DataShape> shape =
        Stream.of(DataShape.values()).filter(s -> s.label().equals(name)).findFirst();
    Check.holds(shape.isPresent(), "shape", "'" + name + "'", labels(DataShape.values()));
    return shape.orElseThrow();
  }

  static String labels(DataShape... shapes) {
    return Stream.of(shapes).map(DataShape::label).collect(Collectors.joining(" or "));
  }

  /** The same with other files. */
  DataSource at(String otherFiles) {
    return new DataSource(otherFiles, shape, where, columns);
  }

  /** As a recipe has it: the path alone if there is nothing else. */
  @JsonValue
  Object yaml() {
    if (equals(of(files))) {
      return files;
    }
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("files", files);
    shape.ifPresent(s -> entry.put("shape", s.label()));
    where.ifPresent(w -> entry.put("where", w));
    if (!columns.isEmpty()) {
      entry.put("columns", new TreeMap<>(columns));
    }
    return entry;
  }
}
