package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.Arrays;

/**
 * The tokens still in a draw, with their unnormalised weights, in the order of their ids. One
 * instance is refilled for every draw, so that drawing allocates nothing.
 */
final class Candidates {
  private static final int BLOCK = 64;

  /** Of floats by sign, exponent and four bits of fraction; weights have no sign. */
  private static final int BUCKETS = 1 << 12;

  private final float[] weights;
  private final int[] ids;
  private final double[] blockSums;
  private final long[] order;
  private final int[] bucketCounts = new int[BUCKETS];
  private final float[] bucketSums = new float[BUCKETS];
  private int count;

  Candidates(int vocabularySize) {
    this.weights = new float[vocabularySize];
    this.ids = new int[vocabularySize];
    this.order = new long[vocabularySize];
    this.blockSums = new double[(vocabularySize + BLOCK - 1) / BLOCK];
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
    while ((block + 1) * BLOCK < count && rest >= blockSums[block]) {
      rest -= blockSums[block++];
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
    if (k >= count) {
      return;
    }
    fillBuckets();
    int bucket = BUCKETS - 1;
    int above = 0;
    while (above + bucketCounts[bucket] < k) {
      above += bucketCounts[bucket--];
    }
    int sorted = sortBucket(bucket);
    keepFrom(order[sorted - (k - above)]);
  }

  /**
   * Keeps the fewest of the largest weights whose sum reaches a share of the total, at least one.
   */
  void keepNucleus(double share) {
    double goal = share * total();
    fillBuckets();
    int bucket = BUCKETS - 1;
    double above = 0;
    int below = count;
    // Sums of floats may fall short of the goal: the last bucket that has any is not passed.
    while (bucketCounts[bucket] == 0
        || (bucketCounts[bucket] < below && above + bucketSums[bucket] < goal)) {
      above += bucketSums[bucket];
      below -= bucketCounts[bucket--];
    }
    int place = sortBucket(bucket);
    do {
      above += weight(order[--place]);
    } while (place > 0 && above < goal);
    keepFrom(order[place]);
  }

  /** Keeps the weights that are at least a share of the largest. */
  void keepAtLeast(double share) {
    float least = (float) (share * weights[likeliest()]);
    int kept = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] >= least) {
        weights[kept] = weights[i];
        ids[kept++] = ids[i];
      }
    }
    count = kept;
  }

  /**
   * Counts and sums the weights by the upper bits of their floats, which order as the floats do: a
   * filter then needs to sort only the one bucket that it cuts through.
   */
  private void fillBuckets() {
    Arrays.fill(bucketCounts, 0);
    Arrays.fill(bucketSums, 0);
    for (int i = 0; i < count; i++) {
      int bucket = bucket(weights[i]);
      bucketCounts[bucket]++;
      bucketSums[bucket] += weights[i];
    }
  }

  /** Sorts a bucket's entries into {@link #order}, largest last; returns how many there are. */
  private int sortBucket(int bucket) {
    int sorted = 0;
    for (int i = 0; i < count; i++) {
      if (bucket(weights[i]) == bucket) {
        order[sorted++] = entry(weights[i], ids[i]);
      }
    }
    Arrays.sort(order, 0, sorted);
    return sorted;
  }

  private void keepFrom(long smallest) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
      if (entry(weights[i], ids[i]) >= smallest) {
        weights[kept] = weights[i];
        ids[kept++] = ids[i];
      }
    }
    count = kept;
  }

  private static int bucket(float weight) {
    return Float.floatToRawIntBits(weight) >>> 19;
  }

  /**
   * A weight and its token as one number that orders by weight; of equals the lower id is larger.
   */
  private static long entry(float weight, int id) {
    return (long) Float.floatToRawIntBits(weight) << 32 | (Integer.MAX_VALUE - id);
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
      double a = 0;
      double b = 0;
      double c = 0;
      double d = 0;
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
      double sum = (a + b) + (c + d);
      blockSums[from / BLOCK] = sum;
      total += sum;
    }
    requirePositive(total);
    return total;
  }
}
