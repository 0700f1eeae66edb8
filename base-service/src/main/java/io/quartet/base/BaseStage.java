package io.quartet.base;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.PendingCheckpoint;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.datasets.Corpus;
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

/** Pretraining: the tokenizer, then the language model, on the recipe's running text. */
@Singleton
public class BaseStage implements TrainingStage {
  @Override
  public Stage stage() {
    return Stage.BASE;
  }

  @Override
  public Set<Stage> needs() {
    return Set.of();
  }

  @Override
  public Checkpoint train(StageContext context) {
    long begun = System.nanoTime();
    Recipe recipe = context.recipe();
    int steps = recipe.base().steps();
    String phase = recipe.model().from().isPresent() ? "loading" : "training tokenizer";
    context.progress(0, Math.max(steps, 1), phase, Map.of());
    Corpus corpus = Corpus.of(recipe);
    BaseStart start = BaseStart.prepare(recipe, corpus, context.store(), context.scratch());
    try (Tokenizer tokenizer = Tokenizer.load(start.tokenizerFiles());
        PendingCheckpoint pending = context.begin(steps)) {
      Path folder = pending.directory();
      TokenizerFiles.copy(start.tokenizerFiles(), folder);
      start.config().write(folder);
      Map<String, Object> metrics = new LinkedHashMap<>(start.origin());
      double earlier = 0;
      if (steps == 0) {
        metrics.putAll(start.copyTo(folder));
      } else {
        var own = tokens(context, corpus, start, tokenizer);
        own.ifPresent(tokens -> metrics.putAll(tokens.metrics()));
        var text = new BaseText(tokenizer, start.config(), corpus, own, recipe);
        try (ReplicaGroup group = join(context);
            var pretraining = new BasePretraining(context, group, start, text)) {
          earlier = pretraining.earlierSeconds();
          pretraining.run(folder.resolve(Checkpoint.WEIGHTS));
          metrics.putAll(pretraining.metrics());
        }
      }
      corpus
          .lessons()
          .ifPresent(
              lessons -> {
                context.progress(Math.max(steps, 1), Math.max(steps, 1), "evaluating", Map.of());
                metrics.putAll(BaseEvaluation.measure(recipe, lessons, tokenizer, folder));
              });
      metrics.put("seconds", earlier + (System.nanoTime() - begun) / 1e9);
      new TrainingRecord(recipe.yaml(), start.parent(), metrics).write(folder);
      return pending.publish();
    }
  }

  @Override
  public void follow(StageContext context) {
    Recipe recipe = context.recipe();
    if (recipe.base().steps() == 0) {
      return;
    }
    Corpus corpus = Corpus.of(recipe);
    BaseStart start = BaseStart.prepare(recipe, corpus, context.store(), context.scratch());
    try (Tokenizer tokenizer = Tokenizer.load(start.tokenizerFiles())) {
      var own = tokens(context, corpus, start, tokenizer);
      var text = new BaseText(tokenizer, start.config(), corpus, own, recipe);
      try (ReplicaGroup group = join(context);
          var pretraining = new BasePretraining(context, group, start, text)) {
        pretraining.follow();
      }
    }
  }

  private static Optional<CorpusTokens> tokens(
      StageContext context, Corpus corpus, BaseStart start, Tokenizer tokenizer) {
    return corpus.hasOwn()
        ? Optional.of(CorpusTokens.prepare(context, corpus, start, tokenizer))
        : Optional.empty();
  }

  private static ReplicaGroup join(StageContext context) {
    Replica replica = context.replica();
    return ReplicaGroup.join(
        new ReplicaGroup.Seat(replica.rank(), replica.size(), replica.leader(), replica.deadline()),
        context.purpose(),
        () ->
            context.progress(0, context.recipe().base().steps(), "waiting for replicas", Map.of()));
  }
}
