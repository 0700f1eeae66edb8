package io.quartet.base;

import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.WordNetLessons;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import io.quartet.evaluation.AnswerSampler;
import io.quartet.evaluation.EvaluationFile;
import io.quartet.evaluation.GlossRecall;
import io.quartet.evaluation.GoldSummary;
import io.quartet.evaluation.ScoredAnswer;
import io.quartet.recipe.Recipe;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jboss.logging.Logger;

/** What a base model knows and how it answers, measured as it will be served: by the decoder. */
final class BaseEvaluation {
  private static final Logger LOG = Logger.getLogger(BaseEvaluation.class);
  static final int SLOTS = 32;

  private BaseEvaluation() {}

  /**
   * Recites every word's gloss, and answers the held-out questions few-shot.
   *
   * @param model the checkpoint's folder; gets the answers as {@code evaluation.jsonl}
   * @return {@code recall}, {@code gold} (the mean) and {@code gold_parts}
   */
  static Map<String, Object> measure(
      Recipe recipe, WordNetLessons lessons, Tokenizer tokenizer, Path model) {
    try (var engine = DecoderEngine.open(model, new DecoderOptions(SLOTS, recipe.threads()))) {
      GlossRecall recall = GlossRecall.measure(engine, tokenizer, lessons.words());
      List<ScoredAnswer> answers =
          new AnswerSampler(engine, tokenizer, recipe.evaluation().maxTokens())
              .fewShot(
                  lessons,
                  lessons.heldOutQuestions(),
                  recipe.evaluation().samplesPerWord(),
                  recipe.evaluation().temperature(),
                  recipe.seed());
      EvaluationFile.write(model, answers);
      GoldSummary gold = GoldSummary.of(answers);
      LOG.infof("recites %.1f %% of the glosses; few-shot %s", 100 * recall.exact(), gold);
      Map<String, Object> metrics = new LinkedHashMap<>();
      metrics.put("recall", recall.toMetrics());
      metrics.put("gold", gold.mean().mean());
      metrics.put("gold_parts", gold.toMetrics());
      return metrics;
    }
  }
}
