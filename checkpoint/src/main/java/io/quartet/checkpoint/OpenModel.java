package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A model's folder as Hugging Face lays it out, on its way into a {@link CheckpointStore} or out of
 * it. Weights and tokenizer stay as they are, byte by byte, but that several weight files become
 * one.
 */
public final class OpenModel {
  private static final String EOS = "eos_token_id";

  private OpenModel() {}

  /**
   * Checks a folder and publishes it as the base checkpoint {@code base/run/0}.
   *
   * @param chatTemplate a Jinja template to put in the place of the model's own
   * @return the checkpoint; its metrics say where it is from
   * @throws QuartetException NOT_FOUND if a file is missing; INVALID_ARGUMENT, naming the key or
   *     the tensor, what was found and what was expected, if it is not a model that Quartet trains;
   *     DATA_LOSS if the weights are truncated; ALREADY_EXISTS if the run has been imported
   */
  public static Checkpoint importTo(
      CheckpointStore store, Path folder, String run, Optional<Path> chatTemplate) {
    requireFolder(folder);
    try (PendingCheckpoint pending = store.begin(new CheckpointId(Stage.BASE, run, 0))) {
      Map<String, Object> metrics = take(folder, pending.directory(), chatTemplate);
      new TrainingRecord("", Optional.empty(), new LinkedHashMap<>(metrics))
          .write(pending.directory());
      return pending.publish();
    }
  }

  /**
   * Checks a folder and puts what a checkpoint has of it into another: configuration, tokenizer and
   * one weight file.
   *
   * @param target a folder that is there
   * @param chatTemplate a Jinja template to put in the place of the model's own
   * @return what there is to say of it, by the names of {@code training.json}
   * @throws QuartetException as {@link #importTo}
   */
  public static Map<String, Object> take(Path folder, Path target, Optional<Path> chatTemplate) {
    requireFolder(folder);
    Path configJson = folder.resolve(ModelConfig.FILE);
    ModelConfig config = ModelConfig.read(configJson).requireDecodable(configJson.toString());
    if (config.architecture() != Architecture.CAUSAL_LM) {
      throw invalid(
          "%s: architectures is \"%s\", expected %s",
          configJson,
          config.family().className(config.architecture()),
          config.family().className(Architecture.CAUSAL_LM));
    }
    try (ShardedWeights weights = ShardedWeights.open(folder, config)) {
      TokenizerFiles.copy(folder, target);
      TokenizerFiles.copyFile(folder, target, ModelConfig.FILE);
      chatTemplate.ifPresent(file -> putTemplate(file, target));
      boolean chat = settleTokens(config, target);
      weights.writeTo(target.resolve(Checkpoint.WEIGHTS), config.tensorShapes().keySet());
      Map<String, Object> metrics = new LinkedHashMap<>();
      metrics.put(
          TrainingRecord.IMPORTED_FROM, String.valueOf(folder.toAbsolutePath().normalize()));
      metrics.put("family", config.family().modelType());
      metrics.put("data_type", weights.dataType().torchName());
      metrics.put("parameters", config.parameters());
      metrics.put("chat_template", chat);
      return metrics;
    }
  }

  /**
   * Writes a checkpoint as a folder that transformers, vLLM and llama.cpp open.
   *
   * @param target a folder that is empty or not there yet
   * @throws QuartetException ALREADY_EXISTS if something is in it; DATA_LOSS if the checkpoint's
   *     files are not what was published; FAILED_PRECONDITION or RESOURCE_EXHAUSTED if the folder
   *     cannot be written
   */
  public static void export(CheckpointStore store, Checkpoint checkpoint, Path target) {
    requireEmpty(target);
    store.verify(checkpoint);
    Path whole = checkpoint.weights();
    Path source = checkpoint.directory();
    Folders.create(target);
    TokenizerFiles.copy(source, target);
    TokenizerFiles.copyFile(source, target, String.valueOf(whole.getFileName()));
    // Last, so that a folder half written is no model.
    TokenizerFiles.copyFile(source, target, ModelConfig.FILE);
  }

  /** Checks the tokenizer; whoever generates shall stop where a turn ends. */
  private static boolean settleTokens(ModelConfig config, Path target) {
    try (Tokenizer tokenizer = Tokenizer.load(target)) {
      if (tokenizer.vocabularySize() > config.vocabularySize()) {
        throw invalid(
            "%s: %d tokens, expected at most the vocab_size %d of %s",
            TokenizerFiles.TOKENIZER,
            tokenizer.vocabularySize(),
            config.vocabularySize(),
            ModelConfig.FILE);
      }
      Set<Integer> ends = ends(target);
      boolean chat = tokenizer.config().chatTemplate().isPresent();
      boolean changed = !Files.exists(target.resolve(TokenizerFiles.GENERATION));
      if (chat) {
        changed |= ends.add(new ChatTemplate(tokenizer).endTokenId());
      }
      if (changed) {
        writeEnds(config, target, ends);
      }
      return chat;
    }
  }

  /** What {@code generation_config.json} lists, or else {@code config.json}. */
  private static Set<Integer> ends(Path target) {
    Set<Integer> ends = new LinkedHashSet<>();
    for (String name : new String[] {TokenizerFiles.GENERATION, ModelConfig.FILE}) {
      if (ends.isEmpty() && Files.exists(target.resolve(name))) {
        JsonNode ids = Json.read(target.resolve(name), ErrorCode.INVALID_ARGUMENT).path(EOS);
        if (ids.isIntegralNumber()) {
          ends.add(ids.intValue());
        }
        ids.forEach(id -> ends.add(id.intValue()));
      }
    }
    return ends;
  }

  private static void writeEnds(ModelConfig config, Path target, Set<Integer> ends) {
    Path file = target.resolve(TokenizerFiles.GENERATION);
    ObjectNode json = Json.object().put("bos_token_id", config.beginTokenId());
    if (Files.exists(file)) {
      json = Json.read(file, ErrorCode.INVALID_ARGUMENT);
    }
    ArrayNode list = json.putArray(EOS);
    ends.forEach(list::add);
    Json.write(file, json);
  }

  private static void putTemplate(Path file, Path target) {
    try {
      Json.write(
          target.resolve(TokenizerConfig.TEMPLATE),
          new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
  }

  private static void requireFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new QuartetException(
          ErrorCode.NOT_FOUND, "%s: found no such folder, expected a model's".formatted(folder));
    }
  }

  private static void requireEmpty(Path target) {
    if (!Files.exists(target)) {
      return;
    }
    try (Stream<Path> children = Files.list(target)) {
      if (children.findAny().isEmpty()) {
        return;
      }
    } catch (IOException e) {
      throw QuartetException.writing(target, e);
    }
    throw new QuartetException(
        ErrorCode.ALREADY_EXISTS,
        "%s: found files, expected an empty folder or none".formatted(target));
  }

  private static QuartetException invalid(String format, Object... arguments) {
    return new QuartetException(ErrorCode.INVALID_ARGUMENT, format.formatted(arguments));
  }
}
