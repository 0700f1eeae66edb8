package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a checkpoint came to be: {@code training.json}.
 *
 * @param recipeYaml the whole recipe as the user wrote it
 * @param parent the checkpoint it was trained from; empty if from scratch or imported
 * @param metrics JSON values by name: strings, booleans, numbers, lists and nested maps. Whole
 *     numbers are kept as {@code Long}, others as {@code Double}; a number that JSON cannot write
 *     (NaN, infinite) is kept as null, "not measured"
 */
public record TrainingRecord(
    String recipeYaml, Optional<CheckpointId> parent, Map<String, @Nullable Object> metrics) {
  /** The file's name in a checkpoint. */
  public static final String FILE = "training.json";

  /** The metric that names the folder which a model was taken from that nobody trained here. */
  public static final String IMPORTED_FROM = "imported_from";

  /** The metric of a policy on its way to the rollout workers, which is no run's result. */
  public static final String POLICY_VERSION = "policy_version";

  /** Normalises the metrics so that what is read equals what was written. */
  public TrainingRecord {
    metrics = jsonMap("metrics", metrics);
  }

  /** Whether the checkpoint is what a stage ended with, and not one on the way there. */
  public boolean isResult() {
    return !metrics.containsKey(POLICY_VERSION);
  }

  /** In a few words: {@code from ID}, {@code imported} or {@code from scratch}. */
  public String origin() {
    return parent
        .map(id -> "from " + id)
        .orElse(metrics.containsKey(IMPORTED_FROM) ? "imported" : "from scratch");
  }

  /** The JSON text of {@code training.json}. */
  public String toJson() {
    ObjectNode json = Json.object();
    json.put("recipe", recipeYaml);
    json.put("parent", parent.map(CheckpointId::toString).orElse(null));
    json.set("metrics", Json.MAPPER.valueToTree(metrics));
    return Json.print(json);
  }

  /**
   * The record of its JSON text.
   *
   * @throws QuartetException DATA_LOSS if the text is not such a record
   */
  public static TrainingRecord parse(String json) {
    return of(Json.parse(json, FILE, ErrorCode.DATA_LOSS), FILE);
  }

  /**
   * The record in a file.
   *
   * @throws QuartetException NOT_FOUND if the file is missing, DATA_LOSS if it is not such a record
   */
  public static TrainingRecord read(Path file) {
    return of(Json.read(file, ErrorCode.DATA_LOSS), file.toString());
  }

  /** Writes {@code training.json} into a folder. */
  public void write(Path directory) {
    Json.write(directory.resolve(FILE), toJson());
  }

  @SuppressWarnings("unchecked") // Jackson's untyped view of a JSON object
  private static TrainingRecord of(ObjectNode json, String source) {
    if (!json.path("recipe").isTextual()
        || !json.path("metrics").isObject()
        || !(json.path("parent").isTextual() || json.path("parent").isNull())) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS,
          "%s: found keys %s, expected recipe (text), parent (text or null) and metrics (object)"
              .formatted(source, fieldNames(json)));
    }
    return new TrainingRecord(
        json.get("recipe").textValue(),
        Optional.ofNullable(json.get("parent").textValue()).map(id -> parent(source, id)),
        Json.MAPPER.convertValue(json.get("metrics"), Map.class));
  }

  private static CheckpointId parent(String source, String id) {
    try {
      return CheckpointId.parse(id);
    } catch (QuartetException e) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS, "%s: parent: %s".formatted(source, e.getMessage()), e);
    }
  }

  private static List<String> fieldNames(ObjectNode json) {
    List<String> names = new ArrayList<>();
    json.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static Map<String, @Nullable Object> jsonMap(String path, Map<?, ?> map) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    map.forEach(
        (key, value) -> {
          if (!(key instanceof String name)) {
            throw unwritable(path, "key " + key);
          }
          values.put(name, jsonValue(path + "." + name, value));
        });
    return Collections.unmodifiableMap(values);
  }

  private static @Nullable Object jsonValue(String path, @Nullable Object value) {
    if (value == null || value instanceof String || value instanceof Boolean) {
      return value;
    }
    if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      return Double.isFinite(number) ? number : null;
    }
    if (value instanceof Long
        || value instanceof Integer
        || value instanceof Short
        || value instanceof Byte) {
      return ((Number) value).longValue();
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> values = new ArrayList<>(list.size());
      for (Object element : list) {
        values.add(jsonValue(path + "[" + values.size() + "]", element));
      }
      return Collections.unmodifiableList(values);
    }
    if (value instanceof Map<?, ?> map) {
      return jsonMap(path, map);
    }
    throw unwritable(path, value.getClass().getSimpleName());
  }

  private static QuartetException unwritable(String path, String found) {
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT,
        "%s: found %s, expected a string, boolean, number, list or map".formatted(path, found));
  }
}
