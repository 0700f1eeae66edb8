package io.quartet.evaluation;

import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** How often one model's answer beats another's to the same question. */
public final class WinRate {
  private WinRate() {}

  /**
   * The share of pairs of an answer of ours and one of theirs about the same word in which ours has
   * the higher value; ties count half. 0.5 is no difference.
   *
   * @param value a gold score, or a reward
   * @throws IllegalArgumentException if the two did not answer about the same words
   */
  public static <T> Interval between(
      Collection<T> ours,
      Collection<T> theirs,
      Function<T, String> word,
      ToDoubleFunction<T> value) {
    return Paired.contrast(ours, theirs, word, (one, other) -> rate(one, other, value));
  }

  /** The same by gold score. */
  public static Interval byGold(List<ScoredAnswer> ours, List<ScoredAnswer> theirs) {
    return between(ours, theirs, ScoredAnswer::word, answer -> answer.score().mean());
  }

  /** The same by reward. */
  public static Interval byReward(List<RewardedAnswer> ours, List<RewardedAnswer> theirs) {
    return between(ours, theirs, rewarded -> rewarded.answer().word(), RewardedAnswer::reward);
  }

  private static <T> double rate(List<T> ours, List<T> theirs, ToDoubleFunction<T> value) {
    double wins = 0;
    for (T our : ours) {
      for (T their : theirs) {
        wins += win(value.applyAsDouble(our), value.applyAsDouble(their));
      }
    }
    return wins / ((double) ours.size() * theirs.size());
  }

  /** 1 for a win, 0 for a loss, a half for a tie. */
  static double win(double our, double their) {
    return our > their ? 1 : our < their ? 0 : 0.5;
  }
}
