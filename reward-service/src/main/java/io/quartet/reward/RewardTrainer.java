package io.quartet.reward;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.decoder.DecoderMemory;
import io.quartet.decoder.DecoderOptions;
import io.quartet.model.AdamW;
import io.quartet.model.LearningRateSchedule;
import io.quartet.model.Loss;
import io.quartet.model.ModelWeights;
import io.quartet.model.PackedBatch;
import io.quartet.model.PackedBatch.LastToken;
import io.quartet.model.PairwiseRewardLoss;
import io.quartet.model.PairwiseRewardLoss.Pair;
import io.quartet.model.PassOptions;
import io.quartet.model.Precision;
import io.quartet.model.RewardModel;
import io.quartet.model.StepMetrics;
import io.quartet.model.TokenSequence;
import io.quartet.model.Trainer;
import io.quartet.model.TrainerSnapshot;
import io.quartet.model.TrainingMemory;
import io.quartet.model.Workers;
import io.quartet.recipe.LoraSection;
import io.quartet.recipe.Optimization;
import io.quartet.recipe.Optimizer;
import io.quartet.recipe.Recipe;
import io.quartet.recipe.RewardSection;
import io.quartet.service.StageContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Trains the ranking: a batch is a few ranked sets, each of weight 1 however many pairs it has.
 * Sets that are held out decide which step's weights are kept, and when to stop.
 */
final class RewardTrainer {
  /** Steps that are drawn to see how large one is; every draw follows from its number. */
  private static final int PLANNED_STEPS = 16;

  private static final String BEST = "best.safetensors";
  private static final String BEST_ACCURACY = "best_accuracy";
  private static final String LOOKS = "looks_without_a_better_one";
  private static final String TOKENS = "tokens";
  private static final String FLOPS = "flops";
  private static final String SECONDS = "seconds";

  private final RewardSection recipe;
  private final long seed;
  private final Workers workers;
  private final StageContext context;
  private final Trainer<RewardModel> trainer;
  private final AdamW.Options options;
  private double bestAccuracy = -1;
  private int looks;
  private long tokens;
  private double flops;
  private double seconds;

  /**
   * A trainer of a model with the base model's trunk and a fresh head; goes on from the snapshot in
   * the stage's scratch folder if there is one.
   */
  RewardTrainer(StageContext context, Checkpoint base, Workers workers) {
    this.context = context;
    this.recipe = context.recipe().reward();
    this.seed = context.recipe().seed();
    this.workers = workers;
    Optimization optimization = recipe.optimization();
    this.options =
        AdamW.Options.of(optimization.weightDecay())
            .withMuon(optimization.optimizer() == Optimizer.MUON)
            .withAverage(optimization.averageDecay());
    RewardModel model = model(context.recipe(), base);
    this.trainer =
        new Trainer<>(
                model,
                new AdamW(model, options),
                LearningRateSchedule.of(
                    optimization.schedule().name(),
                    optimization.learningRate(),
                    optimization.warmupSteps(),
                    optimization.steps(),
                    optimization.finalShare(),
                    optimization.decayShare()),
                optimization.gradientClip(),
                workers)
            .passing(new PassOptions(0, context.recipe().recomputeActivations()));
    TrainerSnapshot.restore(context.scratch(), trainer)
        .ifPresent(
            cursor -> {
              bestAccuracy = Double.parseDouble(cursor.get(BEST_ACCURACY));
              looks = Integer.parseInt(cursor.get(LOOKS));
              tokens = Long.parseLong(cursor.getOrDefault(TOKENS, "0"));
              flops = Double.parseDouble(cursor.getOrDefault(FLOPS, "0"));
              seconds = Double.parseDouble(cursor.getOrDefault(SECONDS, "0"));
            });
  }

  private static RewardModel model(Recipe recipe, Checkpoint base) {
    Precision precision = Precision.here(recipe.precision().name());
    Path weights = base.weights();
    return recipe
        .lora()
        .map(LoraSection::config)
        .map(
            lora ->
                ModelWeights.adaptedRewardModelFromTrunk(
                    base.config(), precision, weights, lora, recipe.seed()))
        .orElseGet(
            () ->
                ModelWeights.rewardModelFromTrunk(
                    base.config(), precision, weights, recipe.seed()));
  }

  /**
   * Trains until the recipe's steps are done or the held-out accuracy has not risen for its
   * patience; leaves the model with the best look's weights.
   *
   * @param heldOut ranked sets of words that are never trained on
   * @return figures for the training record
   */
  Map<String, Object> train(ComparisonSource source, List<RatedAnswers> heldOut) {
    Path best = context.scratch().resolve(BEST);
    Map<String, Long> memory = context.plan(memory(source));
    // A snapshot is from before its step's look, which is taken again when one is resumed.
    if (lookIsDue(trainer.optimizer().step())) {
      trainer.averaged(() -> look(heldOut, best));
    }
    while (trainer.optimizer().step() < recipe.steps() && looks < recipe.patience()) {
      StepMetrics step = step(source, trainer.optimizer().step());
      tokens += step.tokens();
      flops += step.flops();
      seconds += step.duration().toNanos() / 1e9;
      if (step.step() % recipe.snapshotEvery() == 0
          || step.step() == recipe.steps()
          || context.stopping()) {
        snapshot();
      }
      Map<String, Double> shown = new HashMap<>();
      shown.put("loss", step.loss());
      shown.put("accuracy", step.figures().getOrDefault("accuracy", Double.NaN));
      shown.put("tokens", (double) tokens);
      shown.put("tokens_per_second", step.tokensPerSecond());
      shown.put("learning_rate", step.learningRate());
      if (lookIsDue(step.step())) {
        shown.put("held_out_accuracy", trainer.averaged(() -> look(heldOut, best)));
      }
      context.progress(step.step(), recipe.steps(), "training", shown);
    }
    if (Files.exists(best)) {
      ModelWeights.loadTrained(trainer.model(), best);
    }
    return Map.of(
        "memory_plan", memory,
        "steps", trainer.optimizer().step(),
        "tokens", tokens,
        "flops", flops,
        "tokens_per_second", tokens / Math.max(seconds, 1e-9),
        "held_out_accuracy", bestAccuracy);
  }

  private boolean lookIsDue(long step) {
    return step > 0 && (step % recipe.evaluateEvery() == 0 || step == recipe.steps());
  }

  /** Measures on held-out sets; keeps the weights if they are the best so far. */
  private double look(List<RatedAnswers> heldOut, Path best) {
    double accuracy = accuracy(heldOut);
    if (accuracy > bestAccuracy) {
      bestAccuracy = accuracy;
      looks = 0;
      ModelWeights.saveTrained(trainer.model(), best);
    } else {
      looks++;
    }
    return accuracy;
  }

  /** The model. */
  RewardModel model() {
    return trainer.model();
  }

  /** Share of the pairs of ranked sets that the model ranks right. */
  double accuracy(List<RatedAnswers> sets) {
    List<TokenSequence> sequences = new ArrayList<>();
    sets.forEach(set -> set.sequences().forEach(s -> sequences.add(TokenSequence.document(s))));
    float[] rewards = trainer.model().score(sequences, workers);
    int from = 0;
    int right = 0;
    int pairs = 0;
    for (RatedAnswers set : sets) {
      for (int[] pair : set.pairs()) {
        right += rewards[from + pair[0]] > rewards[from + pair[1]] ? 1 : 0;
        pairs++;
      }
      from += set.size();
    }
    return pairs == 0 ? 0 : (double) right / pairs;
  }

  /** A part of a step: sequences packed together and the comparisons between them. */
  private record Part(PackedBatch batch, List<Pair> pairs) {}

  /** What the largest of the first steps holds; sets differ in size. */
  private Map<String, Long> memory(ComparisonSource source) {
    List<PackedBatch> batches = new ArrayList<>();
    for (long number = 0; number < Math.min(PLANNED_STEPS, recipe.steps()); number++) {
      parts(sets(source, number)).forEach(part -> batches.add(part.batch()));
    }
    var step =
        new TrainingMemory.Step(
            workers.count(),
            batches.stream().mapToLong(b -> (long) b.rows() * b.length()).max().orElse(0),
            batches.stream().mapToInt(PackedBatch::length).max().orElse(0),
            0);
    RewardModel model = trainer.model();
    boolean recompute = context.recipe().recomputeActivations();
    Map<String, Long> parts =
        new LinkedHashMap<>(
            TrainingMemory.of(
                model.config(), model.precision(), model.lora(), options, recompute, false, step));
    if (recipe.recitalTokens() > 0) {
      var reciting = new DecoderOptions(RewardStage.SLOTS, workers.count());
      parts.put("decoder", DecoderMemory.of(model.config(), reciting));
    }
    return parts;
  }

  private List<RatedAnswers> sets(ComparisonSource source, long number) {
    // A generator for each step: a resumed run draws what the interrupted one would have.
    var random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + number);
    List<RatedAnswers> sets = new ArrayList<>();
    for (int i = 0; i < recipe.batch(); i++) {
      sets.add(source.draw(random));
    }
    return sets;
  }

  private StepMetrics step(ComparisonSource source, long number) {
    List<RatedAnswers> sets = sets(source, number);
    int sequences = sets.stream().mapToInt(RatedAnswers::size).sum();
    var loss = new PairwiseRewardLoss(recipe.centering(), sets.size(), sequences);
    return trainer.step(parts(sets), (model, part) -> objective(loss, model, part));
  }

  private List<Part> parts(List<RatedAnswers> sets) {
    int count = Math.min(workers.count(), sets.size());
    List<Part> parts = new ArrayList<>();
    for (int p = 0; p < count; p++) {
      parts.add(part(sets.subList(sets.size() * p / count, sets.size() * (p + 1) / count)));
    }
    return parts;
  }

  private static Loss objective(PairwiseRewardLoss loss, RewardModel model, Part part) {
    return loss.of(model, part.batch(), part.pairs());
  }

  private Part part(List<RatedAnswers> sets) {
    List<TokenSequence> sequences = new ArrayList<>();
    List<Pair> pairs = new ArrayList<>();
    for (RatedAnswers set : sets) {
      List<int[]> ranked = set.pairs();
      for (int[] pair : ranked) {
        pairs.add(
            new Pair(sequences.size() + pair[0], sequences.size() + pair[1], 1.0 / ranked.size()));
      }
      set.sequences().forEach(s -> sequences.add(TokenSequence.document(s)));
    }
    int context = trainer.model().config().contextLength();
    return new Part(PackedBatch.pack(sequences, context, LastToken.READ), pairs);
  }

  private void snapshot() {
    TrainerSnapshot.save(
        context.scratch(),
        recipe.keepSnapshots(),
        trainer,
        Map.of(
            BEST_ACCURACY, Double.toString(bestAccuracy),
            LOOKS, Integer.toString(looks),
            TOKENS, Long.toString(tokens),
            FLOPS, Double.toString(flops),
            SECONDS, Double.toString(seconds)));
  }
}
