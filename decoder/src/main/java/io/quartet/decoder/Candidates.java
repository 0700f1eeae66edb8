package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.Arrays;

/**
 * The tokens still in a draw, with their unnormalised weights. All tokens at first, in the order of
 * their ids; a filter leaves the likeliest, likeliest first. One instance is refilled for every
 * draw, so that drawing allocates nothing.
 */
final class Candidates {
  private static final int BLOCK = 16;

  private final float[] weights;
  private final int[] ids;
  private final long[] order;
  private final float[] blocks; // sums or maxima of BLOCK weights each
  private int count;

  Candidates(int vocabularySize) {
    this.weights = new float[vocabularySize];
    this.ids = new int[vocabularySize];
    this.order = new long[vocabularySize];
    this.blocks = new float[(vocabularySize + BLOCK - 1) / BLOCK];
  }

  /** The weights, to be filled with one for each token id; all tokens are then in the draw. */
  float[] refill() {
    for (int id = 0; id < ids.length; id++) {
      ids[id] = id;
    }
    count = ids.length;
    return weights;
  }

  int count() {
    return count;
  }

  /** The token id at a place, 0 to {@link #count} − 1. */
  int id(int place) {
    return ids[place];
  }

  /** The place of the largest weight; of equals the lowest id. */
  int likeliest() {
    int best = 0;
    for (int i = 1; i < count; i++) {
      if (weights[i] > weights[best]) {
        best = i;
      }
    }
    requirePositive(weights[best]);
    return best;
  }

  /**
   * The place where the running sum of the weights passes a share of their total.
   *
   * @param share 0 (inclusive) to 1 (exclusive)
   */
  int placeOf(double share) {
    double rest = share * total();
    int block = 0;
    while ((block + 1) * BLOCK < count && rest >= blocks[block]) {
      rest -= blocks[block++];
    }
    int end = Math.min(count, (block + 1) * BLOCK);
    int last = block * BLOCK;
    for (int i = block * BLOCK; i < end; i++) {
      if (weights[i] > 0) {
        last = i; // rounding may leave a rest at the end: it falls to the last that can be drawn
        rest -= weights[i];
        if (rest < 0) {
          break;
        }
      }
    }
    return last;
  }

  /** Keeps the k largest weights. */
  void keepLargest(int k) {
    if (k < count) {
      keepSorted(sort(lowerBoundOfLargest(k)), k);
    }
  }

  /** Keeps the fewest of the largest weights whose sum reaches a share of the total. */
  void keepNucleus(double share) {
    double total = total();
    // Tokens below this could all be left out together and the others would still reach the share.
    float floor = (float) ((1 - share) * total / count);
    int sorted = sort(floor);
    double sum = 0;
    int kept = 0;
    while (kept < sorted && sum < share * total) {
      sum += weight(order[sorted - 1 - kept++]);
    }
    keepSorted(sorted, Math.max(1, kept));
  }

  /** Sorts the places of weights from {@code floor} on into {@link #order}, largest last. */
  private int sort(float floor) {
    int sorted = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] >= floor) {
        // A positive float's bits order as the float does; below them, a low id counts as more.
        order[sorted++] =
            (long) Float.floatToRawIntBits(weights[i]) << 32 | (Integer.MAX_VALUE - ids[i]);
      }
    }
    Arrays.sort(order, 0, sorted);
    return sorted;
  }

  /** The k-th largest of the blocks' maxima, which cannot be above the k-th largest weight. */
  private float lowerBoundOfLargest(int k) {
    int full = (count + BLOCK - 1) / BLOCK;
    if (k > full) {
      return 0;
    }
    for (int block = 0; block < full; block++) {
      float most = 0;
      for (int i = block * BLOCK; i < Math.min(count, (block + 1) * BLOCK); i++) {
        most = Math.max(most, weights[i]);
      }
      blocks[block] = most;
    }
    Arrays.sort(blocks, 0, full);
    return blocks[full - k];
  }

  private void keepSorted(int sorted, int kept) {
    for (int i = 0; i < kept; i++) {
      long entry = order[sorted - 1 - i];
      weights[i] = weight(entry);
      ids[i] = Integer.MAX_VALUE - (int) entry;
    }
    count = kept;
  }

  private static float weight(long entry) {
    return Float.intBitsToFloat((int) (entry >>> 32));
  }

  private static void requirePositive(double weight) {
    if (!(weight > 0)) {
      throw new QuartetException(
          ErrorCode.INTERNAL, "the model's probabilities sum to %s, expected 1".formatted(weight));
    }
  }

  /**
   * The sum of all weights, leaving the blocks' sums behind. Four sums at once keep the adder busy.
   */
  private double total() {
    double total = 0;
    for (int from = 0; from < count; from += BLOCK) {
      int to = Math.min(count, from + BLOCK);
      float a = 0;
      float b = 0;
      float c = 0;
      float d = 0;
      int i = from;
      for (; i + 3 < to; i += 4) {
        a += weights[i];
        b += weights[i + 1];
        c += weights[i + 2];
        d += weights[i + 3];
      }
      for (; i < to; i++) {
        a += weights[i];
      }
      float sum = (a + b) + (c + d);
      blocks[from / BLOCK] = sum;
      total += sum;
    }
    requirePositive(total);
    return total;
  }
}
