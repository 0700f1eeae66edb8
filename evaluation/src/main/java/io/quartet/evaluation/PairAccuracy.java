package io.quartet.evaluation;

import io.quartet.datasets.GoldScore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.ToDoubleFunction;

/**
 * How often a reward model ranks two answers as they should be; ties count half.
 *
 * @param pairs that were compared
 * @param accuracy of the reward model
 * @param lengthHeuristic of always preferring the longer answer, or always the shorter, whichever
 *     does better on the same pairs: what a reward model must beat to have learned more than length
 */
public record PairAccuracy(int pairs, Interval accuracy, Interval lengthHeuristic) {
  // Below this a difference of gold scores is rounding.
  private static final double EQUAL = 1e-6;

  /** Over given pairs, clustered by word; empty if fewer than two words have one. */
  public static Optional<PairAccuracy> of(List<RewardedPair> pairs) {
    if (Interval.clusters(pairs, RewardedPair::word).size() < 2) {
      return Optional.empty();
    }
    Interval longer = share(pairs, p -> WinRate.win(p.chosenLength(), p.rejectedLength()));
    Interval shorter = share(pairs, p -> WinRate.win(p.rejectedLength(), p.chosenLength()));
    return Optional.of(
        new PairAccuracy(
            pairs.size(),
            share(pairs, p -> WinRate.win(p.chosenReward(), p.rejectedReward())),
            longer.mean() >= shorter.mean() ? longer : shorter));
  }

  /** Over all pairs of answers about one word whose gold scores differ. */
  public static Optional<PairAccuracy> ofAnswers(List<RewardedAnswer> answers) {
    return of(pairs(answers, (better, worse) -> better.mean() > worse.mean() + EQUAL));
  }

  /** Over those of the same manner that differ in truth. */
  public static Optional<PairAccuracy> ofTruth(List<RewardedAnswer> answers) {
    return of(
        pairs(
            answers,
            (better, worse) ->
                Math.abs(better.manner() - worse.manner()) < EQUAL
                    && better.truth() > worse.truth() + EQUAL));
  }

  /** Over those of the same truth that differ in manner. */
  public static Optional<PairAccuracy> ofManner(List<RewardedAnswer> answers) {
    return of(
        pairs(
            answers,
            (better, worse) ->
                Math.abs(better.truth() - worse.truth()) < EQUAL
                    && better.manner() > worse.manner() + EQUAL));
  }

  /** The value for a checkpoint's metrics. */
  public Map<String, Object> toMetrics() {
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("pairs", pairs);
    metrics.put("accuracy", accuracy.toMetrics());
    metrics.put("length_heuristic", lengthHeuristic.toMetrics());
    return metrics;
  }

  private static List<RewardedPair> pairs(
      List<RewardedAnswer> answers, BiPredicate<GoldScore, GoldScore> better) {
    List<RewardedPair> pairs = new ArrayList<>();
    Interval.clusters(answers, a -> a.answer().word())
        .forEach(
            (word, list) -> {
              for (RewardedAnswer one : list) {
                for (RewardedAnswer other : list) {
                  if (better.test(one.answer().score(), other.answer().score())) {
                    pairs.add(pair(word, one, other));
                  }
                }
              }
            });
    return pairs;
  }

  private static RewardedPair pair(String word, RewardedAnswer chosen, RewardedAnswer rejected) {
    return new RewardedPair(
        word,
        chosen.reward(),
        rejected.reward(),
        chosen.answer().answerIds().length,
        rejected.answer().answerIds().length);
  }

  private static Interval share(List<RewardedPair> pairs, ToDoubleFunction<RewardedPair> win) {
    List<List<RewardedPair>> words =
        List.copyOf(Interval.clusters(pairs, RewardedPair::word).values());
    return Interval.ratio(
        words.stream().mapToDouble(w -> w.stream().mapToDouble(win).sum()).toArray(),
        words.stream().mapToDouble(List::size).toArray());
  }
}
