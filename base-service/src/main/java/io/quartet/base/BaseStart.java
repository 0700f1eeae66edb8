package io.quartet.base;

import static io.quartet.checkpoint.ErrorCode.FAILED_PRECONDITION;

import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.OpenModel;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.datasets.Corpus;
import io.quartet.model.CausalLm;
import io.quartet.model.ModelWeights;
import io.quartet.model.Precision;
import io.quartet.recipe.Recipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;

/**
 * What base training begins with: a tokenizer trained on the corpus and random weights, or another
 * model's tokenizer and weights.
 *
 * @param tokenizerFiles folder with the tokenizer's files
 * @param config the model's sizes
 * @param weights another model's weights; empty for random ones
 * @param parent the checkpoint that they are of
 * @param origin what there is to say of a folder that they are of, by the names of {@code
 *     training.json}
 */
record BaseStart(
    Path tokenizerFiles,
    ModelConfig config,
    Optional<Path> weights,
    Optional<CheckpointId> parent,
    Map<String, Object> origin) {

  /**
   * Prepares it; a tokenizer that an interrupted attempt left in {@code scratch} is kept.
   *
   * @throws QuartetException NOT_FOUND if {@code model.from} is not there; INVALID_ARGUMENT if it
   *     has heads that cannot generate, or as {@link OpenModel#take} if it is a folder
   */
  static BaseStart prepare(Recipe recipe, Corpus corpus, CheckpointStore store, Path scratch) {
    if (recipe.model().from().isPresent()) {
      return from(recipe.model().from().get(), store, scratch);
    }
    Path files = scratch.resolve("tokenizer");
    if (!Files.exists(files)) {
      Path unfinished = scratch.resolve("tokenizer.tmp");
      create(unfinished);
      TokenizerFiles.write(
          unfinished,
          new BpeTrainer(recipe.data().tokenizer().vocabulary(), recipe.threads())
              .train(corpus.tokenizerTexts(), corpus.tokenizerBoosts()));
      move(unfinished, files);
    }
    try (Tokenizer tokenizer = Tokenizer.load(files)) {
      ModelConfig config = recipe.model().config(tokenizer.vocabularySize());
      return new BaseStart(files, config, Optional.empty(), Optional.empty(), Map.of());
    }
  }

  private static BaseStart from(String source, CheckpointStore store, Path scratch) {
    if (Files.isDirectory(Path.of(source))) {
      return fromFolder(Path.of(source), scratch.resolve("model"));
    }
    Checkpoint checkpoint = store.get(CheckpointId.parse(source));
    return new BaseStart(
        checkpoint.directory(),
        checkpoint.config().requireDecodable(source),
        Optional.of(checkpoint.weights()),
        Optional.of(checkpoint.id()),
        Map.of());
  }

  /** Takes what an import takes, so that both begin with the same bytes. */
  private static BaseStart fromFolder(Path folder, Path copy) {
    create(copy);
    Map<String, Object> origin = OpenModel.take(folder, copy, Optional.empty());
    return new BaseStart(
        copy,
        ModelConfig.read(copy.resolve(ModelConfig.FILE)),
        Optional.of(copy.resolve(Checkpoint.WEIGHTS)),
        Optional.empty(),
        origin);
  }

  /**
   * Puts another model into a folder as it is: its {@code config.json} and its weights, byte by
   * byte.
   *
   * @return what there is to say of it, by the names of {@code training.json}
   */
  Map<String, Object> copyTo(Path folder) {
    Path source = weights.orElseThrow(() -> new IllegalStateException("no model to start from"));
    copy(tokenizerFiles.resolve(ModelConfig.FILE), folder.resolve(ModelConfig.FILE));
    copy(source, folder.resolve(Checkpoint.WEIGHTS));
    return Map.of("parameters", config.parameters());
  }

  /** The model to train; build it outside of any pointer scope. */
  CausalLm model(Recipe recipe) {
    int sequence = recipe.base().sequence();
    if (sequence > config.contextLength()) {
      throw new QuartetException(
          FAILED_PRECONDITION,
          "base.sequence: %d, expected at most the context of '%s', %d"
              .formatted(sequence, recipe.model().from().orElse("model"), config.contextLength()));
    }
    Precision precision = Precision.here(recipe.precision().name());
    return weights
        .map(file -> ModelWeights.causalLm(config, precision, file))
        .orElseGet(() -> new CausalLm(config, precision, recipe.seed()));
  }

  private static void copy(Path from, Path to) {
    try {
      Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    } catch (java.io.IOException e) {
      throw QuartetException.writing(to, e);
    }
  }

  private static void create(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (java.io.IOException e) {
      throw QuartetException.writing(folder, e);
    }
  }

  private static void move(Path from, Path to) {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (java.io.IOException e) {
      throw QuartetException.writing(to, e);
    }
  }
}
