package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What a model's {@code generation_config.json} says about sampling, in Hugging Face's names.
 *
 * @param temperature {@code temperature}
 * @param topK {@code top_k}
 * @param topP {@code top_p}
 * @param minP {@code min_p}
 * @param repetitionPenalty {@code repetition_penalty}
 * @param maxTokens {@code max_new_tokens}
 */
record GenerationDefaults(
    OptionalDouble temperature,
    OptionalInt topK,
    OptionalDouble topP,
    OptionalDouble minP,
    OptionalDouble repetitionPenalty,
    OptionalInt maxTokens) {
  static final String FILE = "generation_config.json";
  static final GenerationDefaults NONE =
      new GenerationDefaults(
          OptionalDouble.empty(),
          OptionalInt.empty(),
          OptionalDouble.empty(),
          OptionalDouble.empty(),
          OptionalDouble.empty(),
          OptionalInt.empty());

  /**
   * Reads a checkpoint's folder; nothing is set if the file is missing.
   *
   * @throws QuartetException INVALID_ARGUMENT if a value is no number
   */
  static GenerationDefaults read(Path directory) {
    Path file = directory.resolve(FILE);
    if (!Files.exists(file)) {
      return NONE;
    }
    try {
      JsonNode json = new ObjectMapper().readTree(file.toFile());
      return new GenerationDefaults(
          number(file, json, "temperature"),
          whole(file, json, "top_k"),
          number(file, json, "top_p"),
          number(file, json, "min_p"),
          number(file, json, "repetition_penalty"),
          whole(file, json, "max_new_tokens"));
    } catch (JsonProcessingException e) {
      throw new QuartetException(
          INVALID_ARGUMENT, "%s: not JSON (%s)".formatted(file, e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
  }

  private static OptionalDouble number(Path file, JsonNode json, String key) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return OptionalDouble.empty();
    }
    if (!value.isNumber()) {
      throw unexpected(file, key, value, "a number");
    }
    return OptionalDouble.of(value.doubleValue());
  }

  private static OptionalInt whole(Path file, JsonNode json, String key) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return OptionalInt.empty();
    }
    if (!value.canConvertToInt() || !value.isIntegralNumber()) {
      throw unexpected(file, key, value, "a whole number");
    }
    return OptionalInt.of(value.intValue());
  }

  private static QuartetException unexpected(
      Path file, String key, JsonNode value, String expected) {
    return new QuartetException(
        INVALID_ARGUMENT, "%s: %s is %s, expected %s".formatted(file, key, value, expected));
  }
}
