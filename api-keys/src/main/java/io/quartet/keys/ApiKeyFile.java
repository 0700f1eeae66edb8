package io.quartet.keys;

import static io.quartet.checkpoint.ErrorCode.ALREADY_EXISTS;
import static io.quartet.checkpoint.ErrorCode.INTERNAL;
import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;
import static io.quartet.checkpoint.ErrorCode.NOT_FOUND;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The keys that a gateway knows, as YAML: a list {@code keys} of {@code id}, {@code name}, {@code
 * sha256} and, where they are wanted, {@code requests_per_minute}, {@code tokens_per_minute},
 * {@code priority} and {@code admin}. An unknown key of YAML is an error, as in a recipe.
 */
public final class ApiKeyFile {
  private static final YAMLMapper MAPPER =
      YAMLMapper.builder()
          .addModule(new Jdk8Module())
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .build();

  private final Path file;

  /** The file, there or not. */
  public ApiKeyFile(Path file) {
    this.file = file;
  }

  /**
   * Every key, in the file's order.
   *
   * @throws QuartetException NOT_FOUND if there is no file; INVALID_ARGUMENT naming the file and
   *     what is wrong with it, a name or an id that comes twice for instance
   */
  public List<ApiKey> read() {
    Keys keys;
    try {
      keys = MAPPER.readValue(Files.readString(file), Keys.class);
    } catch (JsonProcessingException e) {
      throw invalid(line(e), e);
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
    if (keys == null || keys.keys().isEmpty()) {
      throw invalid("no keys, expected a list 'keys' with one or more", null);
    }
    Set<String> seen = new HashSet<>();
    for (ApiKey key : keys.keys()) {
      if (!seen.add("id " + key.id()) || !seen.add("name " + key.name())) {
        throw invalid("key '%s': its name or id comes twice".formatted(key.name()), null);
      }
    }
    return keys.keys();
  }

  /**
   * Adds a key; the file, which is made if it is not there, is its owner's alone to read.
   *
   * @throws QuartetException ALREADY_EXISTS if a key has the same name; as {@link #read}
   */
  public void add(ApiKey key) {
    List<ApiKey> keys = new ArrayList<>(existing());
    if (keys.stream().anyMatch(other -> other.name().equals(key.name()))) {
      throw new QuartetException(
          ALREADY_EXISTS,
          "%s: there is a key '%s' already; remove its entry first, or take another name"
              .formatted(file, key.name()));
    }
    keys.add(key);
    write(keys);
  }

  private List<ApiKey> existing() {
    try {
      return read();
    } catch (QuartetException e) {
      if (e.code() == NOT_FOUND) {
        return List.of();
      }
      throw e;
    }
  }

  private void write(List<ApiKey> keys) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      if (folder == null) {
        throw invalid("no file", null);
      }
      Files.createDirectories(folder);
      // Made beside it and moved, so that a gateway that reads it sees the old keys or the new.
      Path next = Files.createTempFile(folder, ".keys", ".yaml"); // rw for its owner alone
      Files.writeString(next, MAPPER.writeValueAsString(new Keys(keys)));
      Files.move(next, file, ATOMIC_MOVE, REPLACE_EXISTING);
    } catch (JsonProcessingException e) {
      throw new QuartetException(INTERNAL, file + ": " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  private static String line(JsonProcessingException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof QuartetException refused) {
        return refused.getMessage();
      }
    }
    var at = e.getLocation();
    String place = at == null ? "" : "line %d: ".formatted(at.getLineNr());
    return place + e.getOriginalMessage().lines().findFirst().orElse("not YAML");
  }

  private QuartetException invalid(
      String what, @org.jspecify.annotations.Nullable Throwable cause) {
    String message = file + ": " + what;
    return cause == null
        ? new QuartetException(INVALID_ARGUMENT, message)
        : new QuartetException(INVALID_ARGUMENT, message, cause);
  }

  private record Keys(List<ApiKey> keys) {
    @JsonCreator
    Keys(@JsonProperty("keys") List<ApiKey> keys) {
      this.keys = keys == null ? List.of() : List.copyOf(keys);
    }
  }
}
