package io.quartet.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Random choices whose outcome follows from the generator alone. */
final class Draw {
  private Draw() {}

  /**
   * A generator for one purpose: independent of those for other purposes and other indices of the
   * same seed.
   */
  static SplittableRandom stream(long seed, String purpose, long index) {
    return new SplittableRandom(mix(mix(seed + purpose.hashCode()) + index));
  }

  static <T> T one(List<T> from, SplittableRandom random) {
    return from.get(random.nextInt(from.size()));
  }

  /** One key by its weight, of which one at least is above zero; keys in the map's order. */
  static <T> T weighted(Map<T, Double> weights, SplittableRandom random) {
    List<Map.Entry<T, Double>> entries =
        weights.entrySet().stream().filter(entry -> entry.getValue() > 0).toList();
    double left = random.nextDouble() * entries.stream().mapToDouble(Map.Entry::getValue).sum();
    for (Map.Entry<T, Double> entry : entries) {
      left -= entry.getValue();
      if (left < 0) {
        return entry.getKey();
      }
    }
    return entries.get(entries.size() - 1).getKey();
  }

  /** A shuffled copy. */
  static <T> List<T> shuffled(List<T> items, SplittableRandom random) {
    List<T> shuffled = new ArrayList<>(items.size());
    for (int i : permutation(items.size(), random)) {
      shuffled.add(items.get(i));
    }
    return shuffled;
  }

  /** The numbers from 0 on in random order (Fisher and Yates 1938). */
  static int[] permutation(int size, SplittableRandom random) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      order[i] = i;
    }
    for (int i = size - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int moved = order[i];
      order[i] = order[j];
      order[j] = moved;
    }
    return order;
  }

  /** Stafford's variant 13 of the 64-bit finaliser, as in SplittableRandom itself. */
  private static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
    return b ^ (b >>> 31);
  }
}
