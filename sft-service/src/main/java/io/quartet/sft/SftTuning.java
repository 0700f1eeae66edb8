package io.quartet.sft;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.evaluation.AnswerSampler;
import io.quartet.model.AdamW;
import io.quartet.model.CausalLm;
import io.quartet.model.LanguageModelTraining;
import io.quartet.model.LearningRateSchedule;
import io.quartet.model.ModelWeights;
import io.quartet.model.PassOptions;
import io.quartet.model.Precision;
import io.quartet.model.ReplicaGroup;
import io.quartet.model.Snapshots;
import io.quartet.model.StepMetrics;
import io.quartet.model.TorchRuntime;
import io.quartet.model.Trainer;
import io.quartet.model.TrainingMemory;
import io.quartet.model.Workers;
import io.quartet.recipe.LoraSection;
import io.quartet.recipe.Optimization;
import io.quartet.recipe.Optimizer;
import io.quartet.recipe.Publish;
import io.quartet.recipe.Recipe;
import io.quartet.recipe.SftSection;
import io.quartet.service.StageContext;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The base model's training on demonstrations, from the last snapshot to the last step. */
final class SftTuning implements AutoCloseable {
  private final StageContext context;
  private final SftSection recipe;
  private final Checkpoint base;
  private final SftData data;
  private final Workers workers;
  private final CausalLm model;
  private final LanguageModelTraining training;
  private final Map<String, Long> memory;
  private final Map<String, Double> latest = new LinkedHashMap<>();

  SftTuning(StageContext context, ReplicaGroup group, Checkpoint base, SftData data) {
    this.context = context;
    this.recipe = context.recipe().sft();
    this.data = data;
    this.workers = TorchRuntime.configure(context.recipe().threads());
    this.base = base;
    Optimization optimization = recipe.optimization();
    AdamW.Options options =
        AdamW.Options.of(optimization.weightDecay())
            .withMuon(optimization.optimizer() == Optimizer.MUON)
            .withAverage(optimization.averageDecay());
    this.memory = context.plan(memory(group.size(), options));
    this.model = model(context.recipe(), base);
    var schedule =
        LearningRateSchedule.of(
            optimization.schedule().name(),
            optimization.learningRate(),
            optimization.warmupSteps(),
            optimization.steps(),
            optimization.finalShare(),
            optimization.decayShare());
    var trainer =
        new Trainer<>(
                model,
                new AdamW(model, options),
                schedule,
                optimization.gradientClip(),
                workers,
                group)
            .passing(new PassOptions(0, context.recipe().recomputeActivations()));
    this.training =
        new LanguageModelTraining(
            trainer,
            workers,
            new LanguageModelTraining.Batches(recipe.batch(), recipe.sequence(), recipe.zLoss()),
            data::epoch,
            new LanguageModelTraining.Validation(data::heldOut, recipe.publish() == Publish.BEST),
            new Snapshots(context.scratch(), recipe.snapshotEvery(), recipe.keepSnapshots()));
  }

  private Map<String, Long> memory(int replicas, AdamW.Options options) {
    Recipe whole = context.recipe();
    int rows = (recipe.batch() + replicas - 1) / replicas;
    Map<String, Long> parts =
        new LinkedHashMap<>(
            TrainingMemory.of(
                base.config(),
                Precision.here(whole.precision().name()),
                whole.lora().map(LoraSection::config),
                options,
                whole.recomputeActivations(),
                true,
                TrainingMemory.Step.ofRows(workers.count(), rows, recipe.sequence())));
    if (whole.data().lessons().isPresent()) {
      int tokens = whole.evaluation().maxTokens();
      parts.put("decoder", AnswerSampler.memory(base.config(), SftEvaluation.SLOTS, tokens));
    }
    return parts;
  }

  private static CausalLm model(Recipe recipe, Checkpoint base) {
    Precision precision = Precision.here(recipe.precision().name());
    Path weights = base.weights();
    return recipe
        .lora()
        .map(LoraSection::config)
        .map(
            lora ->
                ModelWeights.adaptedCausalLm(
                    base.config(), precision, weights, lora, recipe.seed()))
        .orElseGet(() -> ModelWeights.causalLm(base.config(), precision, weights));
  }

  /** Seconds that earlier processes spent on steps. */
  double earlierSeconds() {
    return training.loop().seconds();
  }

  /** Takes this process's part in what {@link #run} and {@link #metrics} do in the leader's. */
  void follow() {
    training.run(recipe.steps(), context::stopping, this::stepped);
  }

  /** Trains to the last step and writes what was trained into the checkpoint's folder. */
  void run(Path folder) {
    training.run(recipe.steps(), context::stopping, this::stepped);
    model
        .lora()
        .ifPresentOrElse(
            lora -> training.saveAdapter(Adapter.on(base, lora), folder),
            () -> training.save(folder.resolve(Checkpoint.WEIGHTS)));
  }

  private void stepped(StepMetrics step) {
    training.validationLoss().ifPresent(loss -> latest.put("validation_loss", loss));
    latest.put("loss", step.loss());
    latest.put("learning_rate", step.learningRate());
    latest.put("gradient_norm", step.gradientNorm());
    latest.put("tokens", (double) training.loop().tokens());
    latest.put("tokens_per_second", training.loop().tokensPerSecond());
    context.progress(step.step(), recipe.steps(), "training", latest);
  }

  /** What was trained, how fast and how well, by the names of {@code training.json}. */
  Map<String, Object> metrics() {
    context.progress(recipe.steps(), recipe.steps(), "measuring", latest);
    Map<String, Object> metrics = new LinkedHashMap<>(training.loop().figures());
    metrics.put("memory_plan", memory);
    metrics.put("parameters", model.parameterCount());
    metrics.put("trained_parameters", model.trainedParameterCount());
    metrics.put("validation_loss", training.validationLoss().orElseThrow());
    metrics.put("published_step", training.savedStep());
    return metrics;
  }

  @Override
  public void close() {
    workers.close();
  }
}
