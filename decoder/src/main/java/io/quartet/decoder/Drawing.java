package io.quartet.decoder;

import io.quartet.decoder.ScoredToken.Alternative;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Draws and scores tokens from the rows of a step's head. Its arrays serve all sequences one after
 * the other, so that a plain draw allocates nothing.
 */
final class Drawing {
  private final HeadBuffers head;
  private final Candidates candidates;
  private final float[] all;

  Drawing(HeadBuffers head, int vocabulary) {
    this.head = head;
    this.candidates = new Candidates(vocabulary);
    this.all = new float[vocabulary];
  }

  /**
   * Draws a token.
   *
   * @param row of the step's head
   * @param changes penalties and bias, if there are any
   * @param temperature of the row; 0 is read as 1
   */
  int draw(int row, Sampler sampler, @Nullable LogitChanges changes, double temperature) {
    float[] weights = candidates.refill();
    head.probabilities(row, weights);
    if (changes != null) {
      head.logits(row, all);
      changes.apply(weights, all, temperature == 0 ? 1 : 1 / temperature);
    }
    return sampler.sample(candidates);
  }

  /** A token with its log-probability in a row, and the row's likeliest tokens. */
  ScoredToken score(int row, int token, int alternatives) {
    return new ScoredToken(
        token,
        head.logProbability(row, token),
        alternatives == 0 ? List.of() : likeliest(row, alternatives));
  }

  /** The row's likeliest tokens, likeliest first; of equals the lower id. */
  private List<Alternative> likeliest(int row, int count) {
    head.logProbabilities(row, all);
    List<Alternative> best = new ArrayList<>(count + 1);
    float bar = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < all.length; id++) {
      if (all[id] > bar || best.size() < count) {
        int place = best.size();
        while (place > 0 && best.get(place - 1).logProb() < all[id]) {
          place--;
        }
        best.add(place, new Alternative(id, all[id]));
        if (best.size() > count) {
          best.remove(count);
        }
        if (best.size() == count) {
          bar = best.get(count - 1).logProb();
        }
      }
    }
    return best;
  }
}
