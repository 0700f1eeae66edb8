package io.quartet.evaluation;

import io.quartet.datasets.GoldScore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The parts of the gold score, each as a mean with its interval: of a model's answers, or of the
 * change from one model to another.
 */
public record GoldSummary(
    Interval named,
    Interval partOfSpeech,
    Interval nothingMore,
    Interval ends,
    Interval truth,
    Interval manner,
    Interval mean) {

  /**
   * The scores of answers, clustered by word.
   *
   * @throws IllegalArgumentException for answers about fewer than two words
   */
  public static GoldSummary of(List<ScoredAnswer> answers) {
    return summary(
        part ->
            Interval.clustered(
                answers, ScoredAnswer::word, answer -> part.applyAsDouble(answer.score())));
  }

  /**
   * The change from one model to another, paired by word.
   *
   * @throws IllegalArgumentException if the two did not answer about the same words
   */
  public static GoldSummary change(List<ScoredAnswer> before, List<ScoredAnswer> after) {
    return summary(
        part ->
            Paired.change(
                before, after, ScoredAnswer::word, answer -> part.applyAsDouble(answer.score())));
  }

  /** The value for a checkpoint's metrics: each part's name with its {@link Interval#toMetrics}. */
  public Map<String, Object> toMetrics() {
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("named", named.toMetrics());
    metrics.put("part_of_speech", partOfSpeech.toMetrics());
    metrics.put("nothing_more", nothingMore.toMetrics());
    metrics.put("ends", ends.toMetrics());
    metrics.put("truth", truth.toMetrics());
    metrics.put("manner", manner.toMetrics());
    metrics.put("mean", mean.toMetrics());
    return metrics;
  }

  /** Gold, manner and truth in one line. */
  @Override
  public String toString() {
    return "gold %s, manner %s, truth %s".formatted(mean, manner, truth);
  }

  private interface Measure {
    Interval of(ToDoubleFunction<GoldScore> part);
  }

  private static GoldSummary summary(Measure measure) {
    return new GoldSummary(
        measure.of(GoldScore::named),
        measure.of(GoldScore::partOfSpeech),
        measure.of(GoldScore::nothingMore),
        measure.of(GoldScore::ends),
        measure.of(GoldScore::truth),
        measure.of(GoldScore::manner),
        measure.of(GoldScore::mean));
  }
}
