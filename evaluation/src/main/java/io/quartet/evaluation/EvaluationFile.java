package io.quartet.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A checkpoint's answers to the held-out questions, one JSON object a line, kept beside its
 * weights: later stages and the report compare models by the same words, answer by answer.
 */
public final class EvaluationFile {
  /** The file's name in a checkpoint. */
  public static final String NAME = "evaluation.jsonl";

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  private EvaluationFile() {}

  /** Writes {@value #NAME} into a checkpoint's folder. */
  public static void write(Path directory, List<ScoredAnswer> answers) {
    Path file = directory.resolve(NAME);
    try (BufferedWriter lines = Files.newBufferedWriter(file)) {
      for (ScoredAnswer answer : answers) {
        lines.write(JSON.writeValueAsString(answer));
        lines.write('\n');
      }
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  /**
   * Reads a checkpoint's {@value #NAME}.
   *
   * @throws QuartetException NOT_FOUND if there is none; DATA_LOSS with file, line and reason if a
   *     line is not an answer
   */
  public static List<ScoredAnswer> read(Path directory) {
    Path file = directory.resolve(NAME);
    List<ScoredAnswer> answers = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(file)) {
        answers.add(parse(file, answers.size() + 1, line));
      }
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
    return answers;
  }

  private static ScoredAnswer parse(Path file, int number, String line) {
    try {
      return JSON.readValue(line, ScoredAnswer.class);
    } catch (JsonProcessingException e) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS,
          "%s:%d: expected an answer: %s".formatted(file, number, e.getOriginalMessage()),
          e);
    }
  }
}
