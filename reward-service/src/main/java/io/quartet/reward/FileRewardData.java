package io.quartet.reward;

import io.quartet.datasets.DataSummary;
import io.quartet.decoder.SequenceScorer;
import io.quartet.evaluation.PairAccuracy;
import io.quartet.evaluation.RewardedPair;
import io.quartet.recipe.Recipe;
import io.quartet.reward.RewardScorer.RewardScale;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A user's comparisons; the last share of them is held out, at most some thousands. There is no
 * gold score here: the accuracy on held-out comparisons is all that can be measured, and best-of-n
 * is not.
 */
record FileRewardData(FileComparisons comparisons, int trained, int recitalTokens)
    implements RewardData {
  /** Sets that are held out at most; they are measured on in one go. */
  private static final int MOST_HELD_OUT = 4096;

  static FileRewardData of(Recipe recipe, FileComparisons comparisons) {
    int size = comparisons.sets().size();
    long share = Math.round(size * recipe.reward().heldOutShare());
    int held = (int) Math.min(MOST_HELD_OUT, Math.max(1, share));
    return new FileRewardData(
        comparisons, Math.max(1, size - held), recipe.reward().recitalTokens());
  }

  @Override
  public ComparisonSource training() {
    return comparisons.part(0, trained);
  }

  @Override
  public List<RatedAnswers> heldOut() {
    return comparisons.part(trained, comparisons.sets().size()).sets();
  }

  @Override
  public DataSummary summary() {
    return comparisons.summary();
  }

  @Override
  public Map<String, Object> measure(SequenceScorer scorer) {
    List<RatedAnswers> sets = heldOut().isEmpty() ? comparisons.sets() : heldOut();
    List<int[]> sequences = new ArrayList<>();
    sets.forEach(set -> sequences.addAll(set.sequences()));
    float[] rewards = scorer.rewards(sequences);
    Map<String, Object> figures =
        new LinkedHashMap<>(RewardScale.of(rewards, recitalTokens).entry());
    List<RewardedPair> pairs = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < sets.size(); i++) {
      List<int[]> answers = sets.get(i).sequences();
      for (int[] pair : sets.get(i).pairs()) {
        pairs.add(
            new RewardedPair(
                Integer.toString(i),
                rewards[from + pair[0]],
                rewards[from + pair[1]],
                answers.get(pair[0]).length,
                answers.get(pair[1]).length));
      }
      from += answers.size();
    }
    PairAccuracy.of(pairs).ifPresent(all -> figures.putAll(RewardData.figures(all)));
    return figures;
  }
}
