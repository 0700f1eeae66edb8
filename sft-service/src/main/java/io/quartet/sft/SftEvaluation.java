package io.quartet.sft;

import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.WordNetLessons;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import io.quartet.evaluation.EvaluationFile;
import io.quartet.evaluation.GoldSummary;
import io.quartet.evaluation.HeldOutAnswers;
import io.quartet.evaluation.ScoredAnswer;
import io.quartet.recipe.EvaluationSection;
import io.quartet.recipe.Recipe;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jboss.logging.Logger;

/** How an assistant answers about the held-out words, measured as it will be served. */
final class SftEvaluation {
  private static final Logger LOG = Logger.getLogger(SftEvaluation.class);
  static final int SLOTS = 32;

  private SftEvaluation() {}

  /**
   * Asks every held-out question at the recipe's temperature, and once greedily.
   *
   * @param model the checkpoint's folder; gets the sampled answers as {@code evaluation.jsonl}
   * @return {@code gold} (the mean of the sampled answers), {@code gold_parts} and {@code greedy}
   */
  static Map<String, Object> measure(
      Recipe recipe, WordNetLessons lessons, Tokenizer tokenizer, Path model) {
    try (var engine = DecoderEngine.open(model, new DecoderOptions(SLOTS, recipe.threads()))) {
      EvaluationSection evaluation = recipe.evaluation();
      List<ScoredAnswer> sampled =
          HeldOutAnswers.sample(
              engine,
              tokenizer,
              lessons,
              evaluation.samplesPerWord(),
              evaluation.temperature(),
              evaluation.maxTokens(),
              recipe.seed());
      List<ScoredAnswer> greedy =
          HeldOutAnswers.sample(
              engine, tokenizer, lessons, 1, 0, evaluation.maxTokens(), recipe.seed());
      EvaluationFile.write(model, sampled);
      GoldSummary gold = GoldSummary.of(sampled);
      GoldSummary best = GoldSummary.of(greedy);
      LOG.infof("held-out words: %s; greedy %s", gold, best);
      Map<String, Object> metrics = new LinkedHashMap<>();
      metrics.put("gold", gold.mean().mean());
      metrics.put("gold_parts", gold.toMetrics());
      metrics.put("greedy", best.toMetrics());
      return metrics;
    }
  }
}
