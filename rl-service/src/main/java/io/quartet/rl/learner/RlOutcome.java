package io.quartet.rl.learner;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.PendingCheckpoint;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.datasets.DataSummary;
import io.quartet.datasets.GoldScorer;
import io.quartet.datasets.LessonSettings;
import io.quartet.datasets.WordNetLessons;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.SamplingParams;
import io.quartet.evaluation.EvaluationFile;
import io.quartet.evaluation.GoldSummary;
import io.quartet.evaluation.HeldOutAnswers;
import io.quartet.evaluation.ScoredAnswer;
import io.quartet.recipe.Recipe;
import io.quartet.recipe.RewardSource;
import io.quartet.recipe.RlSection;
import io.quartet.rl.RewardClient;
import io.quartet.rl.learner.RolloutPrompts.RewardAddress;
import io.quartet.service.StageContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What comes of a run: looks at held-out prompts on the way, and the final figures. */
final class RlOutcome implements AutoCloseable {
  static final int SLOTS = 96;

  /** Prompts that the objective is measured on. */
  static final int LOOK_PROMPTS = 64;

  private static final long LOOK_SEED = 5;
  private static final long FINAL_SEED = 6;

  private final StageContext context;
  private final Recipe recipe;
  private final Tokenizer tokenizer;
  private final Optional<WordNetLessons> lessons;
  private final Checkpoint reward;
  private final RewardAddress address;
  private final Map<String, Long> memory;
  private Map<String, Double> latest = Map.of();

  /**
   * @param memory what is planned, for the record
   */
  RlOutcome(StageContext context, Tokenizer tokenizer, Map<String, Long> memory) {
    this.memory = memory;
    this.context = context;
    this.recipe = context.recipe();
    this.tokenizer = tokenizer;
    this.lessons =
        recipe
            .data()
            .lessons()
            .map(settings -> new WordNetLessons(LessonSettings.of(settings, recipe.seed())));
    this.reward = context.input(Stage.REWARD);
    this.address =
        new RewardAddress(reward.id().toString(), reward.digest(), context.endpoint(Stage.REWARD));
  }

  /** Where rollouts are to be scored; empty if the gold score rewards. */
  Optional<RewardAddress> reward() {
    return recipe.rl().reward() == RewardSource.MODEL ? Optional.of(address) : Optional.empty();
  }

  /** The latest figures of an update. */
  Map<String, Double> latest() {
    return latest;
  }

  /** Keeps an update's figures, to be shown until the next. */
  void remember(Map<String, Double> figures) {
    latest = Map.copyOf(figures);
  }

  /**
   * The control: replaces the rewards by the gold score, scaled as a reward model's are. For
   * telling a weak reward model from a weak optimiser, never for a policy that is served.
   */
  void rewardByGold(Answers answers) {
    WordNetLessons words = lessons.orElseThrow();
    var template = new ChatTemplate(tokenizer);
    for (int b = 0; b < answers.size(); b++) {
      double gold =
          GoldScorer.score(
                  words.question(answers.promptIds().get(b)).word(),
                  template.text(answers.responses().get(b)),
                  answers.ended()[b])
              .mean();
      answers.rewards()[b] = (float) ((gold - 0.55) / 0.25);
    }
  }

  /** Gold score of a policy on held-out words, one answer each, on the way. */
  Map<String, Double> look(Checkpoint policy) {
    if (lessons.isEmpty()) {
      return Map.of();
    }
    GoldSummary gold = GoldSummary.of(answers(policy, 1, LOOK_SEED));
    return Map.of(
        "gold", gold.mean().mean(),
        "gold_truth", gold.truth().mean(),
        "gold_manner", gold.manner().mean());
  }

  /** One answer of a policy to each of some prompts, sampled as rollouts are, with its reward. */
  Answers rewarded(Checkpoint policy, List<PromptTokens.Encoded> prompts) {
    RlSection rl = recipe.rl();
    List<int[]> asked = prompts.stream().map(PromptTokens.Encoded::tokens).toList();
    List<SamplingParams> sampling = new ArrayList<>();
    for (int b = 0; b < asked.size(); b++) {
      sampling.add(SamplingParams.sampled(rl.temperature(), LOOK_SEED + b, rl.maxTokens()));
    }
    try (var engine = DecoderEngine.open(policy, new DecoderOptions(SLOTS, recipe.threads()))) {
      Answers answers =
          Answers.of(
              prompts.stream().map(PromptTokens.Encoded::id).toList(),
              asked,
              engine.generate(asked, sampling));
      if (rl.reward() == RewardSource.GOLD) {
        rewardByGold(answers);
      } else {
        try (var client = new RewardClient(address.endpoint())) {
          float[] rewards = client.score(address.id(), address.digest(), answers.sequences());
          System.arraycopy(rewards, 0, answers.rewards(), 0, rewards.length);
        }
      }
      return answers;
    }
  }

  private List<ScoredAnswer> answers(Checkpoint policy, int perWord, long seed) {
    try (var engine = DecoderEngine.open(policy, new DecoderOptions(SLOTS, recipe.threads()))) {
      return HeldOutAnswers.sample(
          engine,
          tokenizer,
          lessons.orElseThrow(),
          perWord,
          recipe.evaluation().temperature(),
          recipe.evaluation().maxTokens(),
          seed);
    }
  }

  /**
   * Publishes a policy with the run's figures, and drops all versions.
   *
   * @param prompts what was found in the user's prompts
   */
  Checkpoint publish(
      PolicyLearner learner,
      PolicyVersions versions,
      Checkpoint policy,
      DataSummary prompts,
      long started) {
    long updates = recipe.rl().updates();
    context.progress(updates, updates, "evaluating", latest);
    Map<String, Object> metrics = new LinkedHashMap<>(prompts.toMetrics());
    metrics.put("updates", updates);
    metrics.put("memory_plan", memory);
    metrics.put("tokens", learner.tokens());
    metrics.put("flops", learner.flops());
    metrics.put("reward_model", Map.of("id", address.id(), "digest", address.digest()));
    metrics.put("last_update", new HashMap<String, Object>(latest));
    Optional<List<ScoredAnswer>> after =
        lessons.map(words -> answers(policy, recipe.evaluation().samplesPerWord(), FINAL_SEED));
    after.ifPresent(answers -> metrics.putAll(comparison(policy, answers)));
    Checkpoint published;
    metrics.put("published_update", policy.id().step());
    versions.deleteAllBut(policy.id());
    // The final checkpoint takes the last policy's place.
    try (PendingCheckpoint pending = context.begin(updates)) {
      versions.copyFiles(pending.directory());
      if (policy.id().step() == updates) {
        learner.save(pending.directory());
      } else {
        versions.copyWeights(policy, pending.directory());
      }
      after.ifPresent(answers -> EvaluationFile.write(pending.directory(), answers));
      metrics.put("seconds", (System.nanoTime() - started) / 1e9);
      new TrainingRecord(recipe.yaml(), Optional.of(context.input(Stage.SFT).id()), metrics)
          .write(pending.directory());
      published = pending.publish();
    }
    versions.deleteAllBut(published.id());
    return published;
  }

  private Map<String, Object> comparison(Checkpoint policy, List<ScoredAnswer> after) {
    Checkpoint sft = context.input(Stage.SFT);
    List<ScoredAnswer> base = EvaluationFile.read(context.input(Stage.BASE).directory());
    List<ScoredAnswer> before = EvaluationFile.read(sft.directory());
    try (var scores = new ModelComparison(context, address)) {
      Map<String, Object> figures = scores.of(base, before, after, sft, policy);
      figures.put("samples", Samples.of(lessons.orElseThrow(), base, before, after));
      return figures;
    }
  }

  @Override
  public void close() {
    latest = Map.of();
  }
}
