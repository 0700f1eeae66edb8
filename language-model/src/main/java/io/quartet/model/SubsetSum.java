package io.quartet.model;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which of some lengths add up to as much of a room as any of them do (the subset sum problem, by
 * Bellman's table of reachable sums). Of the choices that do, the one with the longest lengths: the
 * short ones fill other rooms better. Time and memory are lengths times room, in bits.
 */
final class SubsetSum {
  private SubsetSum() {}

  /**
   * Chooses lengths.
   *
   * @param room what they may add up to at most
   * @param lengths each 1 or more
   * @return indices, the longest length first; of equally long ones those that come first
   */
  static List<Integer> within(int room, int... lengths) {
    List<Integer> shortestFirst =
        IntStream.range(0, lengths.length)
            .filter(i -> lengths[i] <= room)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingInt(i -> lengths[i])
                    .thenComparing(Comparator.reverseOrder()))
            .toList();
    List<BitSet> reachable = new ArrayList<>(); // by the first so many of them
    BitSet sums = BitSet.valueOf(new long[] {1});
    reachable.add(sums);
    for (int index : shortestFirst) {
      sums = or(sums, lengths[index], room);
      reachable.add(sums);
    }
    List<Integer> chosen = new ArrayList<>();
    int left = sums.previousSetBit(room);
    for (int i = shortestFirst.size(); left > 0; i--) {
      int index = shortestFirst.get(i - 1);
      int rest = left - lengths[index];
      if (rest >= 0 && reachable.get(i - 1).get(rest)) {
        chosen.add(index);
        left = rest;
      }
    }
    return chosen;
  }

  /** The sums and, where there is room, the sums with one more length. */
  private static BitSet or(BitSet sums, int length, int room) {
    BitSet more = (BitSet) sums.clone();
    for (int sum = sums.nextSetBit(0); sum >= 0 && sum + length <= room; ) {
      more.set(sum + length);
      sum = sums.nextSetBit(sum + 1);
    }
    return more;
  }
}
