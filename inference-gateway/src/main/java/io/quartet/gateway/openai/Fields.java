package io.quartet.gateway.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The fields of a request's JSON. One that is null counts as absent, one that nobody asks for is
 * ignored, one of a wrong type is a {@link WrongRequest} that names it.
 */
final class Fields {
  private static final int SHOWN = 60;
  private static final ObjectReader READER =
      new ObjectMapper().reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final JsonNode json;
  private final String path;

  private Fields(JsonNode json, String path) {
    this.json = json;
    this.path = path;
  }

  /** The fields of a body. */
  static Fields parse(byte[] body) {
    JsonNode json;
    try {
      json = READER.readTree(body);
    } catch (JsonProcessingException e) {
      throw new WrongRequest(
          null, "invalid_json", "body: not JSON (%s)".formatted(e.getOriginalMessage()));
    } catch (IOException e) {
      throw new WrongRequest(null, "invalid_json", "body: not JSON");
    }
    return of(json, "");
  }

  private static Fields of(JsonNode json, String path) {
    if (json.isMissingNode()) {
      throw new WrongRequest(null, "invalid_json", "body: empty, expected a JSON object");
    }
    if (!json.isObject()) {
      throw wrong(path, json, "a JSON object");
    }
    return new Fields(json, path.isEmpty() ? "" : path + ".");
  }

  /** A field, missing if it is absent or null. */
  JsonNode node(String name) {
    JsonNode value = json.path(name);
    return value.isNull() ? json.path("") : value;
  }

  boolean has(String name) {
    return !node(name).isMissingNode();
  }

  /** A field's name as errors tell it. */
  String name(String name) {
    return path + name;
  }

  String requiredText(String name) {
    return text(name).orElseThrow(() -> missing(name));
  }

  Optional<String> text(String name) {
    return find(name, JsonNode::isTextual, "a string").map(JsonNode::textValue);
  }

  boolean flag(String name) {
    return find(name, JsonNode::isBoolean, "true or false")
        .map(JsonNode::booleanValue)
        .orElse(false);
  }

  OptionalDouble number(String name) {
    return find(name, JsonNode::isNumber, "a number")
        .map(value -> OptionalDouble.of(value.doubleValue()))
        .orElse(OptionalDouble.empty());
  }

  OptionalInt whole(String name) {
    return find(name, Fields::isInt, "a whole number of 32 bits")
        .map(value -> OptionalInt.of(value.intValue()))
        .orElse(OptionalInt.empty());
  }

  OptionalLong wholeLong(String name) {
    return find(
            name, v -> v.isIntegralNumber() && v.canConvertToLong(), "a whole number of 64 bits")
        .map(value -> OptionalLong.of(value.longValue()))
        .orElse(OptionalLong.empty());
  }

  /** The names of all fields. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    json.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** An object within this one. */
  Optional<Fields> object(String name) {
    return find(name, JsonNode::isObject, "an object").map(value -> of(value, path + name));
  }

  /** The objects of a list. */
  List<Fields> objects(String name) {
    JsonNode list = find(name, JsonNode::isArray, "a list").orElseThrow(() -> missing(name));
    List<Fields> objects = new ArrayList<>();
    for (JsonNode element : list) {
      objects.add(of(element, "%s%s[%d]".formatted(path, name, objects.size())));
    }
    return objects;
  }

  /**
   * Something that a field's value is needed for.
   *
   * @throws WrongRequest naming the field if it refuses the value
   */
  <T> T naming(String name, Supplier<T> work) {
    return named(name(name), work);
  }

  /** The same by a field's full name, for work that comes later and must not keep the JSON. */
  static <T> T named(String name, Supplier<T> work) {
    try {
      return work.get();
    } catch (QuartetException e) {
      if (e.code() != ErrorCode.INVALID_ARGUMENT) {
        throw e;
      }
      throw new WrongRequest(name, "invalid_value", e.getMessage());
    }
  }

  /** Refuses a field that would change the answer in a way that is not offered. */
  void refuse(String name) {
    if (has(name)) {
      throw new WrongRequest(
          name(name), "unsupported_parameter", name(name) + ": is not offered here");
    }
  }

  WrongRequest missing(String name) {
    return new WrongRequest(
        name(name), "missing_required_parameter", name(name) + ": missing, but required");
  }

  /** A value that cannot be. */
  WrongRequest wrong(String name, String expected) {
    return wrong(name(name), json.path(name), expected);
  }

  static WrongRequest wrong(String name, JsonNode found, String expected) {
    String shown = found.toString();
    return new WrongRequest(
        name.isEmpty() ? null : name,
        "invalid_value",
        "%s: found %s, expected %s"
            .formatted(
                name.isEmpty() ? "body" : name,
                shown.length() <= SHOWN ? shown : shown.substring(0, SHOWN) + "…",
                expected));
  }

  static boolean isInt(JsonNode value) {
    return value.isIntegralNumber() && value.canConvertToInt();
  }

  private Optional<JsonNode> find(String name, Predicate<JsonNode> type, String expected) {
    JsonNode value = node(name);
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    if (!type.test(value)) {
      throw wrong(name, expected);
    }
    return Optional.of(value);
  }
}
