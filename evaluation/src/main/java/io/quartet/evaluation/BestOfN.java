package io.quartet.evaluation;

import io.quartet.datasets.GoldScore;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What choosing the best of n answers by reward does to the gold score: the cheapest way to see
 * whether a policy that follows the reward would become better (Stiennon et al. 2020).
 *
 * @param n answers to choose from
 * @param oracle the gold score of the best answer by gold: what a perfect choice would reach
 */
public record BestOfN(int n, Choice gold, Choice manner, Choice truth, Interval oracle) {

  /**
   * What the choice does to one part of the score.
   *
   * @param mean of all answers
   * @param picked of the answer with the highest reward
   * @param gain the second less the first, paired by word
   */
  public record Choice(Interval mean, Interval picked, Interval gain) {
    private Map<String, Object> toMetrics() {
      Map<String, Object> metrics = new LinkedHashMap<>();
      metrics.put("mean", mean.toMetrics());
      metrics.put("picked", picked.toMetrics());
      metrics.put("gain", gain.toMetrics());
      return metrics;
    }
  }

  /**
   * Measures on the same number of answers about each word.
   *
   * @throws IllegalArgumentException if words have different numbers of answers, or there are fewer
   *     than two words
   */
  public static BestOfN of(List<RewardedAnswer> answers) {
    Map<String, List<RewardedAnswer>> words = Interval.clusters(answers, a -> a.answer().word());
    List<Integer> sizes = words.values().stream().map(List::size).distinct().toList();
    if (sizes.size() != 1) {
      throw new IllegalArgumentException(
          "best of n: got %s answers about a word, expected the same number for each"
              .formatted(sizes));
    }
    List<RewardedAnswer> picked =
        words.values().stream().map(list -> highest(list, RewardedAnswer::reward)).toList();
    List<RewardedAnswer> best =
        words.values().stream().map(list -> highest(list, a -> gold(a).mean())).toList();
    return new BestOfN(
        sizes.get(0),
        choice(answers, picked, GoldScore::mean),
        choice(answers, picked, GoldScore::manner),
        choice(answers, picked, GoldScore::truth),
        mean(best, GoldScore::mean));
  }

  /** The value for a checkpoint's metrics. */
  public Map<String, Object> toMetrics() {
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("n", n);
    metrics.put("gold", gold.toMetrics());
    metrics.put("manner", manner.toMetrics());
    metrics.put("truth", truth.toMetrics());
    metrics.put("oracle", oracle.toMetrics());
    return metrics;
  }

  private static Choice choice(
      List<RewardedAnswer> all, List<RewardedAnswer> picked, ToDoubleFunction<GoldScore> part) {
    return new Choice(
        mean(all, part),
        mean(picked, part),
        Paired.change(
            all, picked, a -> a.answer().word(), answer -> part.applyAsDouble(gold(answer))));
  }

  private static Interval mean(List<RewardedAnswer> answers, ToDoubleFunction<GoldScore> part) {
    return Interval.clustered(
        answers, a -> a.answer().word(), answer -> part.applyAsDouble(gold(answer)));
  }

  private static GoldScore gold(RewardedAnswer answer) {
    return answer.answer().score();
  }

  /** The first of the highest. */
  private static RewardedAnswer highest(
      List<RewardedAnswer> answers, ToDoubleFunction<RewardedAnswer> value) {
    RewardedAnswer highest = answers.get(0);
    for (RewardedAnswer answer : answers) {
      if (Comparator.comparingDouble(value).compare(answer, highest) > 0) {
        highest = answer;
      }
    }
    return highest;
  }
}
