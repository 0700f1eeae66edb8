package io.quartet.decoder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.MergedWeights;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A model's folder in Hugging Face's layout.
 *
 * @param name what its answers are labelled with
 * @param precision what its matrices are held in
 */
record ModelFiles(String name, Path directory, ModelConfig config, Precision precision) {
  static ModelFiles of(Path directory) {
    ModelConfig config = ModelConfig.read(directory.resolve(ModelConfig.FILE));
    return new ModelFiles(directory.toString(), directory, config, Precision.FP32);
  }

  static ModelFiles of(Checkpoint checkpoint) {
    return new ModelFiles(
        checkpoint.id().toString(), checkpoint.directory(), checkpoint.config(), Precision.FP32);
  }

  /** The same files, held in another precision. */
  ModelFiles at(Precision other) {
    return new ModelFiles(name, directory, config, other);
  }

  /** The same files with no more than so many tokens of context. */
  ModelFiles within(int contextLimit) {
    int context = Math.min(contextLimit, config.contextLength());
    return new ModelFiles(name, directory, config.withContextLength(context), precision);
  }

  /** The whole weights; an adapter's are merged first. */
  Path weights() {
    return MergedWeights.of(directory);
  }

  /**
   * Refuses a model with another head.
   *
   * @throws QuartetException FAILED_PRECONDITION
   */
  ModelFiles require(Architecture expected) {
    if (config.architecture() != expected) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "%s: architecture %s, expected %s".formatted(name, config.architecture(), expected));
    }
    return this;
  }

  /**
   * The tokens that end an answer: {@code eos_token_id} of {@code generation_config.json}, one or a
   * list, or else of {@code config.json}.
   *
   * @throws QuartetException INVALID_ARGUMENT if the file is there and says something else
   */
  Set<Integer> stopTokens() {
    Path file = directory.resolve("generation_config.json");
    if (!Files.exists(file)) {
      return Set.of(config.endTokenId());
    }
    JsonNode ends;
    try {
      ends = new ObjectMapper().readTree(file.toFile()).path("eos_token_id");
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
    if (ends.isMissingNode()) {
      return Set.of(config.endTokenId());
    }
    Set<Integer> tokens = new LinkedHashSet<>();
    for (JsonNode end : ends.isArray() ? ends : new ObjectMapper().createArrayNode().add(ends)) {
      if (!end.canConvertToInt()) {
        throw new QuartetException(
            ErrorCode.INVALID_ARGUMENT,
            "%s: eos_token_id %s, expected a token id or a list of them".formatted(file, ends));
      }
      tokens.add(end.intValue());
    }
    return tokens;
  }
}
