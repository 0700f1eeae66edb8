package io.quartet.recipe;

import io.quartet.checkpoint.Stage;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * One run, whole: data, model and the four stages. Keys that a YAML document leaves out have the
 * values of the committed recipe {@code default}; {@link #yaml()} has them all.
 *
 * @param name what the run is about; a run without a name of its own is called after it
 * @param stages what the run consists of: all four, or the first of them
 * @param seed every random choice of the run follows from it
 * @param threads threads of each stage's numerics
 * @param precision number format of the matrix products in training
 * @param recomputeActivations whether training keeps only what enters each block and computes the
 *     rest again: less memory for a third more arithmetic; with adapters it always does
 * @param lora how SFT, reward and RL train; absent, they train every weight
 */
public record Recipe(
    String name,
    List<Stage> stages,
    long seed,
    int threads,
    Precision precision,
    boolean recomputeActivations,
    DataSection data,
    ModelSection model,
    Optional<LoraSection> lora,
    BaseSection base,
    SftSection sft,
    RewardSection reward,
    RlSection rl,
    EvaluationSection evaluation,
    ServeSection serve) {
  /** Validates what one section alone cannot see. */
  public Recipe {
    Check.holds(
        name.matches("[a-z0-9][a-z0-9._-]{0,63}"),
        "name",
        "'" + name + "'",
        "1 to 64 of a-z 0-9 . _ -, a letter or digit first");
    stages = List.copyOf(stages);
    List<Stage> all = List.of(Stage.values());
    Check.holds(
        !stages.isEmpty()
            && stages.size() <= all.size()
            && stages.equals(all.subList(0, stages.size())),
        "stages",
        labels(stages),
        labels(all) + " or the first of them");
    data.requireFor(stages.stream().filter(s -> s != Stage.BASE || base.steps() > 0).toList());
    Check.atLeast("seed", seed, 0);
    Check.between("threads", threads, 1, 1024);
    Check.holds(
        base.steps() > 0 || model.from().isPresent(),
        "base.steps",
        base.steps(),
        "at least 1, or a model to start from in model.from");
    // Another model has a context of its own, which its stages check.
    int context = model.from().isPresent() ? ModelSection.MAX_CONTEXT : model.context();
    Check.between("base.sequence", base.sequence(), 8, context);
    if (stages.contains(Stage.SFT)) {
      Check.between("sft.sequence", sft.sequence(), 8, context);
    }
    if (stages.contains(Stage.RL)) {
      Check.between("rl.max_tokens", rl.maxTokens(), 1, context - 1);
      Check.holds(
          rl.reward() == RewardSource.MODEL || data.lessons().isPresent(),
          "rl.reward",
          "gold",
          "model, for without data.lessons there is no gold score");
    }
    Check.between("evaluation.max_tokens", evaluation.maxTokens(), 1, context - 1);
    Check.between("serve.max_tokens", serve.maxTokens(), 1, context - 1);
  }

  private static List<String> labels(List<Stage> stages) {
    return stages.stream().map(Stage::label).toList();
  }

  /**
   * Reads a recipe.
   *
   * @throws io.quartet.checkpoint.QuartetException INVALID_ARGUMENT with the key's full path, what
   *     was got and what was expected
   */
  public static Recipe parse(String yaml) {
    return RecipeReader.parse(yaml);
  }

  /**
   * Reads a recipe file; its data patterns count from the file's folder and become absolute.
   *
   * @throws io.quartet.checkpoint.QuartetException NOT_FOUND if the file, or every file of one of
   *     its data patterns, is missing; else as {@link #parse}
   */
  public static Recipe read(Path file) {
    return RecipeReader.read(file);
  }

  /**
   * A recipe that comes with Quartet: {@code default}, {@code quick} or {@code tiny}.
   *
   * @throws io.quartet.checkpoint.QuartetException NOT_FOUND for another name
   */
  public static Recipe committed(String name) {
    return parse(committedYaml(name));
  }

  /** The text of a committed recipe, with its comments. */
  public static String committedYaml(String name) {
    return RecipeReader.committed(name);
  }

  /** This recipe with every key written out; {@code parse(yaml())} equals it. */
  public String yaml() {
    return RecipeReader.write(this);
  }
}
