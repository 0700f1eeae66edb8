package io.quartet.base;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.evaluation.AnswerSampler;
import io.quartet.model.AdamW;
import io.quartet.model.CausalLm;
import io.quartet.model.GemmRoof;
import io.quartet.model.LanguageModelTraining;
import io.quartet.model.LearningRateSchedule;
import io.quartet.model.PassOptions;
import io.quartet.model.Precision;
import io.quartet.model.ReplicaGroup;
import io.quartet.model.Snapshots;
import io.quartet.model.StepMetrics;
import io.quartet.model.TorchRuntime;
import io.quartet.model.Trainer;
import io.quartet.model.TrainingMemory;
import io.quartet.model.Workers;
import io.quartet.recipe.BaseSection;
import io.quartet.recipe.Optimization;
import io.quartet.recipe.Optimizer;
import io.quartet.recipe.Publish;
import io.quartet.recipe.Recipe;
import io.quartet.service.StageContext;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;

/** The model's training, from its last snapshot to its last step. */
final class BasePretraining implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(BasePretraining.class);

  /** How much faster another precision's products must be to say so. */
  private static final double MUCH_FASTER = 1.2;

  private final StageContext context;
  private final Recipe recipe;
  private final BaseText text;
  private final Workers workers;
  private final CausalLm model;
  private final int replicas;
  private final LanguageModelTraining training;
  private final Map<String, Long> memory;
  private final Map<String, Double> latest = new LinkedHashMap<>();

  BasePretraining(StageContext context, ReplicaGroup group, BaseStart start, BaseText text) {
    this.context = context;
    this.recipe = context.recipe();
    this.text = text;
    this.replicas = group.size();
    this.workers = TorchRuntime.configure(recipe.threads());
    BaseSection base = recipe.base();
    Optimization optimization = base.optimization();
    AdamW.Options options =
        AdamW.Options.of(optimization.weightDecay())
            .withMuon(optimization.optimizer() == Optimizer.MUON)
            .withAverage(optimization.averageDecay());
    this.memory = context.plan(memory(start.config(), options));
    this.model = start.model(recipe);
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
            .passing(new PassOptions(base.dropout(), recipe.recomputeActivations()));
    this.training =
        new LanguageModelTraining(
            trainer,
            workers,
            new LanguageModelTraining.Batches(base.batch(), base.sequence(), base.zLoss()),
            text::epoch,
            new LanguageModelTraining.Validation(text::heldOut, base.publish() == Publish.BEST),
            new Snapshots(context.scratch(), base.snapshotEvery(), base.keepSnapshots()));
  }

  private Map<String, Long> memory(ModelConfig config, AdamW.Options options) {
    BaseSection base = recipe.base();
    int rows = (base.batch() + replicas - 1) / replicas;
    Map<String, Long> parts =
        new LinkedHashMap<>(
            TrainingMemory.of(
                config,
                Precision.here(recipe.precision().name()),
                Optional.empty(),
                options,
                recipe.recomputeActivations(),
                true,
                TrainingMemory.Step.ofRows(workers.count(), rows, base.sequence())));
    if (recipe.data().lessons().isPresent()) {
      int tokens = recipe.evaluation().maxTokens();
      parts.put("decoder", AnswerSampler.memory(config, BaseEvaluation.SLOTS, tokens));
    }
    return parts;
  }

  /** Seconds that earlier processes spent on steps. */
  double earlierSeconds() {
    return training.loop().seconds();
  }

  /** Takes this process's part in what {@link #run} and {@link #metrics} do in the leader's. */
  void follow() {
    training.run(recipe.base().steps(), context::stopping, this::stepped);
    training.measure(text.heldOutWindows());
  }

  /** Trains to the last step and writes the weights. */
  void run(Path weights) {
    training.run(recipe.base().steps(), context::stopping, this::stepped);
    training.save(weights);
  }

  private void stepped(StepMetrics step) {
    training.validationLoss().ifPresent(loss -> latest.put("validation_loss", loss));
    latest.put("loss", step.loss());
    latest.put("learning_rate", step.learningRate());
    latest.put("gradient_norm", step.gradientNorm());
    latest.put("tokens", (double) training.loop().tokens());
    latest.put("tokens_per_second", training.loop().tokensPerSecond());
    context.progress(step.step(), recipe.base().steps(), "training", latest);
  }

  /** What was trained, how fast and how well, by the names of {@code training.json}. */
  Map<String, Object> metrics() {
    context.progress(recipe.base().steps(), recipe.base().steps(), "measuring", latest);
    double validationLoss = training.validationLoss().orElseThrow();
    var windows = training.measure(text.heldOutWindows());
    double reached = training.loop().flops() / replicas / training.loop().seconds() / 1e9;
    double roof = GemmRoof.measure(model.precision(), workers);
    Precision other = model.precision() == Precision.BF16 ? Precision.FP32 : Precision.BF16;
    double otherRoof = TorchRuntime.multiplies(other) ? GemmRoof.measure(other, workers) : 0;
    Map<String, Object> metrics = new LinkedHashMap<>(training.loop().figures());
    metrics.put("memory_plan", memory);
    metrics.put("replicas", replicas);
    metrics.put("parameters", model.parameterCount());
    metrics.put("validation_loss", validationLoss);
    metrics.put("published_step", training.savedStep());
    metrics.put("held_out_characters", text.heldOutCharacters());
    metrics.put("nats_per_character", windows.nats() / text.heldOutCharacters());
    metrics.put("bits_per_byte", windows.nats() / Math.log(2) / text.heldOutBytes());
    metrics.put("gflops_per_second", reached);
    metrics.put("gemm_gflops_per_second", roof);
    metrics.put("gemm_share", reached / roof);
    if (otherRoof > 0) {
      metrics.put("gemm_gflops_per_second_" + other.name().toLowerCase(Locale.ROOT), otherRoof);
    }
    LOG.infof(
        "validation loss %.3f, %.4f nats a character of %d; "
            + "%.0f tokens/s, %.1f GFLOP/s, %.0f %% of a plain GEMM's %.1f",
        validationLoss,
        windows.nats() / text.heldOutCharacters(),
        text.heldOutCharacters(),
        training.loop().tokensPerSecond(),
        reached,
        100 * reached / roof,
        roof);
    if (otherRoof > MUCH_FASTER * roof) {
      LOG.warnf(
          "precision: products in %s reach %.0f GFLOP/s on this machine, those in %s %.0f",
          other, otherRoof, model.precision(), roof);
    }
    return metrics;
  }

  @Override
  public void close() {
    workers.close();
  }
}
