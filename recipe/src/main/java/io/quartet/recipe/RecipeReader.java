package io.quartet.recipe;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** YAML 1.2 to {@link Recipe}: a document laid over the default recipe, nothing unknown in it. */
final class RecipeReader {
  private static final YAMLMapper MAPPER =
      YAMLMapper.builder()
          .addModule(new Jdk8Module())
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .withCoercionConfig(
              LogicalType.Boolean,
              c -> c.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail))
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .build();

  private RecipeReader() {}

  static Recipe parse(String yaml) {
    ObjectNode document = (ObjectNode) tree(committed("default"));
    JsonNode changes = tree(yaml);
    if (!changes.isObject()) {
      throw invalid("got %s, expected keys and values".formatted(kind(changes)));
    }
    RecipeKeys.of(document).lay(changes, document);
    ModelSize.resolve(changes, document);
    return convert(document);
  }

  static Recipe read(Path file) {
    Path absolute = file.toAbsolutePath().normalize();
    String yaml;
    try {
      yaml = Files.readString(absolute);
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
    Path folder = absolute.getParent();
    return new DataFiles(folder == null ? absolute : folder).resolve(parse(yaml));
  }

  static String committed(String name) {
    try (InputStream in = RecipeReader.class.getResourceAsStream("/recipes/" + name + ".yaml")) {
      if (in == null || !name.matches("[a-z]+")) {
        throw new QuartetException(
            ErrorCode.NOT_FOUND,
            "recipe: no committed recipe '%s', there are default, quick and tiny".formatted(name));
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String write(Recipe recipe) {
    try {
      return MAPPER.writeValueAsString(recipe);
    } catch (JsonProcessingException e) {
      throw new QuartetException(ErrorCode.INTERNAL, "recipe: " + e.getOriginalMessage(), e);
    }
  }

  private static JsonNode tree(String yaml) {
    try {
      return MAPPER.readTree(yaml);
    } catch (JsonProcessingException e) {
      var at = e.getLocation();
      String line = at == null ? "" : "line %d: ".formatted(at.getLineNr());
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "recipe: %snot YAML: %s".formatted(line, firstLine(e.getOriginalMessage())),
          e);
    }
  }

  private static Recipe convert(ObjectNode document) {
    try {
      return MAPPER.treeToValue(document, Recipe.class);
    } catch (JsonMappingException e) {
      String path =
          e.getPath().stream()
              .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName())
              .collect(Collectors.joining("."))
              .replace(".[", "[");
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof QuartetException refused) {
          throw Check.in(path.isEmpty() ? "" : path + ".", refused);
        }
      }
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "recipe: '%s': got %s, expected %s".formatted(path, got(document, e), expected(e)),
          e);
    } catch (JsonProcessingException e) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT, "recipe: " + firstLine(e.getOriginalMessage()), e);
    }
  }

  private static String got(ObjectNode document, JsonMappingException e) {
    JsonNode at = document;
    for (JsonMappingException.Reference reference : e.getPath()) {
      at =
          reference.getFieldName() == null
              ? at.path(reference.getIndex())
              : at.path(reference.getFieldName());
    }
    return at.isTextual() ? "'" + at.textValue() + "'" : kind(at);
  }

  private static String expected(JsonMappingException e) {
    Class<?> target = e instanceof MismatchedInputException m ? m.getTargetType() : null;
    if (target == null) {
      return "a value";
    }
    if (target.isEnum()) {
      return Arrays.stream(target.getEnumConstants())
          .map(c -> ((Enum<?>) c).name().toLowerCase(Locale.ROOT))
          .collect(Collectors.joining(" or "));
    }
    if (target == int.class || target == long.class) {
      return "a whole number";
    }
    if (target == double.class) {
      return "a number";
    }
    if (target == boolean.class) {
      return "true or false";
    }
    if (target == String.class) {
      return "text";
    }
    return target.isRecord() ? "keys and values" : "a list";
  }

  private static String kind(JsonNode node) {
    if (node.isMissingNode() || node.isNull()) {
      return "nothing";
    }
    return node.isValueNode() ? node.asText() : node.isArray() ? "a list" : "keys and values";
  }

  static QuartetException invalid(String message) {
    return new QuartetException(ErrorCode.INVALID_ARGUMENT, "recipe: " + message);
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse("").strip();
  }
}
