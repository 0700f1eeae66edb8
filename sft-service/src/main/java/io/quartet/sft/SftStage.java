package io.quartet.sft;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.PendingCheckpoint;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.datasets.Corpus;
import io.quartet.datasets.DatasetReader;
import io.quartet.datasets.Demonstration;
import io.quartet.datasets.Reading;
import io.quartet.model.ReplicaGroup;
import io.quartet.recipe.Recipe;
import io.quartet.service.Replica;
import io.quartet.service.StageContext;
import io.quartet.service.TrainingStage;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jboss.logging.Logger;

/** Supervised fine-tuning of the run's base model on demonstrations. */
@Singleton
public class SftStage implements TrainingStage {
  private static final Logger LOG = Logger.getLogger(SftStage.class);

  @Override
  public Stage stage() {
    return Stage.SFT;
  }

  @Override
  public Set<Stage> needs() {
    return Set.of(Stage.BASE);
  }

  @Override
  public Checkpoint train(StageContext context) {
    long begun = System.nanoTime();
    Recipe recipe = context.recipe();
    int steps = recipe.sft().steps();
    Checkpoint base = context.input(Stage.BASE);
    Corpus corpus = Corpus.of(recipe);
    try (Tokenizer tokenizer = Tokenizer.load(base.directory());
        PendingCheckpoint pending = context.begin(steps)) {
      Path folder = pending.directory();
      TokenizerFiles.copy(base.directory(), folder);
      base.config().write(folder);
      Map<String, Object> metrics = new LinkedHashMap<>();
      double earlier;
      SftData data = data(context, tokenizer, corpus);
      data.summary().lines().forEach(LOG::info);
      metrics.putAll(data.summary().toMetrics());
      try (ReplicaGroup group = join(context);
          var tuning = new SftTuning(context, group, base, data)) {
        earlier = tuning.earlierSeconds();
        tuning.run(folder);
        metrics.putAll(tuning.metrics());
      }
      corpus
          .lessons()
          .ifPresent(
              lessons -> {
                context.progress(steps, steps, "evaluating", Map.of());
                metrics.putAll(SftEvaluation.measure(recipe, lessons, tokenizer, folder));
              });
      metrics.put("seconds", earlier + (System.nanoTime() - begun) / 1e9);
      new TrainingRecord(recipe.yaml(), Optional.of(base.id()), metrics).write(folder);
      return pending.publish();
    }
  }

  @Override
  public void follow(StageContext context) {
    Recipe recipe = context.recipe();
    Checkpoint base = context.input(Stage.BASE);
    try (Tokenizer tokenizer = Tokenizer.load(base.directory())) {
      SftData data = data(context, tokenizer, Corpus.of(recipe));
      try (ReplicaGroup group = join(context);
          var tuning = new SftTuning(context, group, base, data)) {
        tuning.follow();
      }
    }
  }

  private static SftData data(StageContext context, Tokenizer tokenizer, Corpus corpus) {
    Recipe recipe = context.recipe();
    ModelConfig config = context.input(Stage.BASE).config();
    LongConsumer read =
        demonstrations ->
            context.progress(
                0,
                recipe.sft().steps(),
                "reading demonstrations",
                Map.of("demonstrations", (double) demonstrations));
    read.accept(0);
    try (Reading<Demonstration> own = DatasetReader.demonstrations(recipe.data())) {
      return new SftData(
          tokenizer,
          config,
          recipe,
          corpus,
          DemonstrationTokens.write(
              context.scratch(),
              own,
              new ChatTemplate(tokenizer),
              Math.max(tokenizer.vocabularySize(), config.vocabularySize()),
              read));
    }
  }

  private static ReplicaGroup join(StageContext context) {
    Replica replica = context.replica();
    return ReplicaGroup.join(
        new ReplicaGroup.Seat(replica.rank(), replica.size(), replica.leader(), replica.deadline()),
        context.purpose(),
        () ->
            context.progress(0, context.recipe().sft().steps(), "waiting for replicas", Map.of()));
  }
}
