package io.quartet.model;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Bradley–Terry: L = −Σ w·log σ(r_better − r_worse) / Σ w + c · mean r²; Ouyang et al. 2022,
 * arXiv:2203.02155, equation 1. The second term keeps rewards around zero, where a constant would
 * otherwise be free.
 */
public final class PairwiseRewardLoss {
  /**
   * A comparison between two sequences of a batch.
   *
   * @param better index of the preferred one
   * @param worse index of the other
   * @param weight what the pair counts, above 0
   */
  public record Pair(int better, int worse, double weight) {
    /** A pair that counts 1. */
    public static Pair of(int better, int worse) {
      return new Pair(better, worse, 1);
    }
  }

  private final double meanSquare;
  private final double pairs;
  private final double sequences;

  /**
   * The loss of a step, of which a part may be computed at a time.
   *
   * @param meanSquare c, 0 for none
   * @param pairs the sum of the weights of all the step's pairs
   * @param sequences how many sequences all parts of the step have
   */
  public PairwiseRewardLoss(double meanSquare, double pairs, int sequences) {
    this.meanSquare = meanSquare;
    this.pairs = pairs;
    this.sequences = sequences;
  }

  /**
   * The loss of a part. Figures: {@code accuracy}, the share of pairs that are ranked right, and
   * {@code reward_margin}, the mean difference.
   */
  public Loss of(RewardModel model, PackedBatch batch, List<Pair> comparisons) {
    return of(model.rewards(batch), comparisons);
  }

  /** The same from rewards [S]. */
  Loss of(Tensor rewardsS, List<Pair> comparisons) {
    Tensor square = rewardsS.square().sum().mul(new Scalar((float) (meanSquare / sequences)));
    if (comparisons.isEmpty()) {
      return Loss.of(square);
    }
    Tensor better = Tensors.vector(comparisons.stream().mapToLong(Pair::better).toArray());
    Tensor worse = Tensors.vector(comparisons.stream().mapToLong(Pair::worse).toArray());
    float[] shares = new float[comparisons.size()];
    for (int i = 0; i < shares.length; i++) {
      shares[i] = (float) (comparisons.get(i).weight() / pairs);
    }
    Tensor shareP = Tensors.vector(shares);
    Tensor marginP = rewardsS.index_select(0, better).sub(rewardsS.index_select(0, worse));
    Tensor ranking = torch.log_sigmoid(marginP).mul(shareP).sum().neg();
    float[] margins = Tensors.floats(marginP);
    double right = 0;
    double margin = 0;
    for (int i = 0; i < margins.length; i++) {
      right += margins[i] > 0 ? shares[i] : 0;
      margin += margins[i] * (double) shares[i];
    }
    return Loss.of(ranking.add(square), Map.of("accuracy", right, "reward_margin", margin));
  }
}
