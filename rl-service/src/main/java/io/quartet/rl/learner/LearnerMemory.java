package io.quartet.rl.learner;

import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.decoder.DecoderMemory;
import io.quartet.decoder.DecoderOptions;
import io.quartet.model.AdamW;
import io.quartet.model.Precision;
import io.quartet.model.TorchRuntime;
import io.quartet.model.TrainingMemory;
import io.quartet.recipe.Advantage;
import io.quartet.recipe.LoraSection;
import io.quartet.recipe.Recipe;
import io.quartet.recipe.RlSection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What the policy's learning holds at most: policy, critic, reference, and a decoder for looks. */
final class LearnerMemory {
  private LearnerMemory() {}

  /**
   * Bytes by part.
   *
   * @param prompt tokens of the longest prompt
   */
  static Map<String, Long> of(Recipe recipe, ModelConfig config, int prompt) {
    RlSection rl = recipe.rl();
    Optional<LoraConfig> lora = recipe.lora().map(LoraSection::config);
    Precision precision = Precision.here(recipe.precision().name());
    AdamW.Options options = AdamW.Options.of(0);
    int workers = TorchRuntime.workers(recipe.threads());
    int length = prompt + rl.maxTokens();
    long answers = (rl.minibatch() + workers - 1) / workers;
    var step = new TrainingMemory.Step(workers, answers * length, length, answers * rl.maxTokens());
    boolean recompute = recipe.recomputeActivations();
    Map<String, Long> parts =
        new LinkedHashMap<>(
            TrainingMemory.of(config, precision, lora, options, recompute, true, step));
    if (rl.advantage() == Advantage.GAE) {
      TrainingMemory.of(config, precision, lora, options, recompute, false, step)
          .forEach((part, bytes) -> parts.merge(part, bytes, Long::sum));
      // Adapters of policy and critic are beside the same frozen weights.
      lora.ifPresent(shared -> parts.merge("weights", -weights(config), Long::sum));
    }
    // Before it learns, policy, reference and critic read all answers, some at a time.
    long scored = TrainingMemory.scoredTokens();
    long scoring =
        TrainingMemory.scoring(
            config,
            precision,
            new TrainingMemory.Step(workers, scored, length, scored * rl.maxTokens() / length));
    long learning = parts.merge("activations", 0L, Long::sum) + parts.merge("loss", 0L, Long::sum);
    parts.put("scoring", Math.max(0, scoring - learning));
    parts.put("reference", lora.isPresent() ? 0 : weights(config));
    int answered = prompt + Math.max(rl.maxTokens(), recipe.evaluation().maxTokens());
    var answering =
        new DecoderOptions(RlOutcome.SLOTS, recipe.threads()).withContextLimit(answered);
    parts.put("decoder", DecoderMemory.of(config, answering));
    return parts;
  }

  private static long weights(ModelConfig config) {
    return 4 * config.parameters();
  }
}
