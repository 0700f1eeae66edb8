package io.quartet.recipe;

/**
 * PPO (Schulman et al. 2017) with a KL penalty to the SFT policy (Ouyang et al. 2022).
 *
 * @param updates rounds of rollouts and learning
 * @param prompts prompts a round
 * @param samplesPerPrompt answers to each
 * @param promptsPerRequest prompts that one rollout worker takes at a time
 * @param epochs passes over a round's answers
 * @param minibatch answers a step
 * @param advantage how answers are judged
 * @param learningRate of the policy; it warms up over {@code warmupUpdates} and falls linearly
 * @param valueLearningRate of the value head and its trunk
 * @param clipRange ε of the clipped ratio
 * @param valueClip ε of the clipped value loss
 * @param gamma discount
 * @param lambda of the advantage estimator
 * @param klCoefficient price of a nat of KL, by token
 * @param missingEndPenalty taken from the reward of an answer that does not end
 * @param temperature of the rollouts; 1 keeps the behaviour the policy's own
 * @param maxTokens longest answer
 * @param reward who rewards
 * @param gate whether the run stops when best-of-n by the reward model does not raise the gold
 *     score on held-out words
 * @param evaluateEvery updates between looks at held-out prompts
 * @param snapshotEvery updates between resumable snapshots
 * @param keepSnapshots how many of the newest are kept
 * @param publish whether the last update's policy is published, or that of the highest objective of
 *     the looks: reward minus the price of KL, on fixed prompts
 */
public record RlSection(
    int updates,
    int prompts,
    int samplesPerPrompt,
    int promptsPerRequest,
    int epochs,
    int minibatch,
    Advantage advantage,
    double learningRate,
    double valueLearningRate,
    int warmupUpdates,
    double gradientClip,
    double clipRange,
    double valueClip,
    double gamma,
    double lambda,
    double klCoefficient,
    double missingEndPenalty,
    double temperature,
    int maxTokens,
    RewardSource reward,
    boolean gate,
    int evaluateEvery,
    int snapshotEvery,
    int keepSnapshots,
    Publish publish) {
  /** Validates the values. */
  public RlSection {
    Check.between("updates", updates, 1, 1_000_000);
    Check.between("prompts", prompts, 1, 65_536);
    Check.between("samples_per_prompt", samplesPerPrompt, 1, 256);
    Check.holds(
        advantage == Advantage.GAE || samplesPerPrompt > 1,
        "samples_per_prompt",
        samplesPerPrompt,
        "at least 2 with advantage rloo");
    Check.between("prompts_per_request", promptsPerRequest, 1, prompts);
    Check.between("epochs", epochs, 1, 64);
    Check.between("minibatch", minibatch, 1, prompts * samplesPerPrompt);
    Check.holds(
        learningRate > 0 && learningRate < 1,
        "learning_rate",
        learningRate,
        "more than 0, less than 1");
    Check.holds(
        valueLearningRate > 0 && valueLearningRate < 1,
        "value_learning_rate",
        valueLearningRate,
        "more than 0, less than 1");
    Check.between("warmup_updates", warmupUpdates, 0, updates);
    Check.positive("gradient_clip", gradientClip);
    Check.between("clip_range", clipRange, 0.001, 10);
    Check.between("value_clip", valueClip, 0.001, 100);
    Check.between("gamma", gamma, 0, 1);
    Check.between("lambda", lambda, 0, 1);
    Check.between("kl_coefficient", klCoefficient, 0, 100);
    Check.between("missing_end_penalty", missingEndPenalty, 0, 100);
    Check.between("temperature", temperature, 0.01, 10);
    Check.atLeast("max_tokens", maxTokens, 1);
    Check.atLeast("evaluate_every", evaluateEvery, 1);
    Check.atLeast("snapshot_every", snapshotEvery, 1);
    Check.between("keep_snapshots", keepSnapshots, 1, 1000);
  }
}
