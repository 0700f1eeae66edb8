package io.quartet.reward;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.PendingCheckpoint;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.datasets.DatasetReader;
import io.quartet.datasets.LessonSettings;
import io.quartet.datasets.WordNetLessons;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.SequenceScorer;
import io.quartet.evaluation.AnswerSampler;
import io.quartet.model.AdapterWeights;
import io.quartet.model.ModelWeights;
import io.quartet.model.RewardModel;
import io.quartet.model.TorchRuntime;
import io.quartet.model.Workers;
import io.quartet.recipe.Recipe;
import io.quartet.service.StageContext;
import io.quartet.service.TrainingStage;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * The third stage. The SFT model answers questions about A and B words, the labeller ranks its
 * answers and some built ones, and a model with the base model's trunk learns the ranking. Words
 * that are held out of it stop the training and give the gate before RL its figure.
 */
@ApplicationScoped
public class RewardStage implements TrainingStage {
  private static final Logger LOG = Logger.getLogger(RewardStage.class);
  static final int SLOTS = 96;

  @Override
  public Stage stage() {
    return Stage.REWARD;
  }

  @Override
  public Set<Stage> needs() {
    return Set.of(Stage.BASE, Stage.SFT);
  }

  @Override
  public Checkpoint train(StageContext context) {
    long started = System.nanoTime();
    Recipe recipe = context.recipe();
    Checkpoint base = context.input(Stage.BASE);
    var options = new DecoderOptions(SLOTS, recipe.threads());
    context.progress(0, recipe.reward().steps(), "loading", Map.of());
    try (Tokenizer tokenizer = base.tokenizer();
        Recital recital = Recital.open(base, tokenizer, recipe.reward().recitalTokens(), options);
        Workers workers = TorchRuntime.configure(recipe.threads())) {
      RewardData data = data(context, tokenizer, recital, options);
      data.summary().lines().forEach(LOG::info);
      var trainer = new RewardTrainer(context, base, workers);
      Map<String, Object> metrics =
          new LinkedHashMap<>(trainer.train(data.training(), data.heldOut()));
      metrics.putAll(data.summary().toMetrics());
      return publish(context, base, trainer, data, metrics, started);
    }
  }

  private static RewardData data(
      StageContext context, Tokenizer tokenizer, Recital recital, DecoderOptions options) {
    Recipe recipe = context.recipe();
    Checkpoint sft = context.input(Stage.SFT);
    Optional<WordNetLessons> lessons =
        recipe.data().lessons().map(l -> new WordNetLessons(LessonSettings.of(l, recipe.seed())));
    if (lessons.isPresent()) {
      try (DecoderEngine policy = DecoderEngine.open(sft, options)) {
        var sampler = new AnswerSampler(policy, tokenizer, recipe.rl().maxTokens());
        return LessonRewardData.of(context, lessons.get(), tokenizer, recital, sampler);
      }
    }
    var template = new ChatTemplate(tokenizer);
    Runnable encoded =
        () -> context.progress(0, recipe.reward().steps(), "reading comparisons", Map.of());
    try (var comparisons = DatasetReader.comparisons(recipe.data())) {
      return FileRewardData.of(
          recipe,
          FileComparisons.of(
              comparisons,
              template,
              recital,
              sft.config().contextLength(),
              context.scratch(),
              encoded));
    }
  }

  private static Checkpoint publish(
      StageContext context,
      Checkpoint base,
      RewardTrainer trainer,
      RewardData data,
      Map<String, Object> metrics,
      long started) {
    long steps = (long) metrics.getOrDefault("steps", 0L);
    context.progress(steps, context.recipe().reward().steps(), "evaluating", Map.of());
    try (PendingCheckpoint pending = context.begin(steps)) {
      TokenizerFiles.copy(base.directory(), pending.directory());
      trainer.model().config().write(pending.directory());
      save(trainer.model(), base, pending.directory());
      try (SequenceScorer scorer =
          SequenceScorer.open(pending.directory(), context.recipe().threads())) {
        metrics.putAll(data.measure(scorer));
      }
      metrics.put("parameters", trainer.model().parameterCount());
      metrics.put("trained_parameters", trainer.model().trainedParameterCount());
      metrics.put("seconds", (System.nanoTime() - started) / 1e9);
      new TrainingRecord(context.recipe().yaml(), Optional.of(base.id()), metrics)
          .write(pending.directory());
      return pending.publish();
    }
  }

  /** Writes the model's weights into a folder, or its adapter on the base model and its head. */
  private static void save(RewardModel model, Checkpoint base, Path folder) {
    model
        .lora()
        .ifPresentOrElse(
            lora -> AdapterWeights.save(model, Adapter.on(base, lora), folder),
            () -> ModelWeights.save(model, folder.resolve(Checkpoint.WEIGHTS)));
  }
}
