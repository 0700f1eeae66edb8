package io.quartet.checkpoint;

import io.quartet.checkpoint.BpeVocabulary.Merge;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * BPE's inner loop with incremental counts: a merge touches only the words that hold its pair. A
 * pair's count only falls after it was queued, so an outdated candidate is ahead of its place and
 * is put back when it comes up.
 */
final class PairMerger {
  /** Less often than this a pair is not worth a token. */
  private static final long LEAST_COUNT = 2;

  private final List<Word> words = new ArrayList<>();
  private final Map<Long, Pair> pairs = new HashMap<>();
  private final PriorityQueue<Candidate> queue =
      new PriorityQueue<>(
          Comparator.comparingLong(Candidate::count).reversed().thenComparingLong(Candidate::pair));

  /** A word as token ids, and how often it comes. */
  void add(int[] tokens, long count) {
    words.add(new Word(tokens, count));
  }

  /** Merges at most so many pairs. */
  List<Merge> merge(int most) {
    for (int w = 0; w < words.size(); w++) {
      Word word = words.get(w);
      for (int i = 0; i + 1 < word.length; i++) {
        pair(word.pair(i)).add(w, word.count);
      }
    }
    pairs.forEach((key, pair) -> queue.add(new Candidate(key, pair.count)));
    List<Merge> merges = new ArrayList<>();
    while (merges.size() < most && !queue.isEmpty()) {
      Candidate best = queue.remove();
      Pair pair = pair(best.pair());
      if (pair.count < LEAST_COUNT) {
        pairs.remove(best.pair());
      } else if (pair.count < best.count()) {
        queue.add(new Candidate(best.pair(), pair.count));
      } else {
        apply(best.pair(), pair, BpeVocabulary.FIRST_MERGE + merges.size());
        merges.add(new Merge(left(best.pair()), right(best.pair())));
      }
    }
    return merges;
  }

  private void apply(long key, Pair pair, int merged) {
    List<Long> fresh = new ArrayList<>();
    for (int n = 0; n < pair.size; n++) {
      Word word = words.get(pair.words[n]);
      for (int i = 0; i + 1 < word.length; i++) {
        pair(word.pair(i)).count -= word.count;
      }
      word.replace(left(key), right(key), merged);
      for (int i = 0; i + 1 < word.length; i++) {
        Pair beside = pair(word.pair(i));
        if (word.tokens[i] != merged && word.tokens[i + 1] != merged) {
          beside.count += word.count;
        } else {
          if (beside.size == 0) {
            fresh.add(word.pair(i));
          }
          beside.add(pair.words[n], word.count);
        }
      }
    }
    pairs.remove(key);
    for (long made : fresh) {
      queue.add(new Candidate(made, pair(made).count));
    }
  }

  private Pair pair(long key) {
    return pairs.computeIfAbsent(key, k -> new Pair());
  }

  private static long key(int left, int right) {
    return (long) left << 32 | right;
  }

  private static int left(long key) {
    return (int) (key >> 32);
  }

  private static int right(long key) {
    return (int) key;
  }

  private record Candidate(long pair, long count) {}

  private static final class Word {
    private final int[] tokens;
    private final long count;
    private int length;

    Word(int[] tokens, long count) {
      this.tokens = tokens;
      this.count = count;
      this.length = tokens.length;
    }

    long pair(int i) {
      return key(tokens[i], tokens[i + 1]);
    }

    /** From left to right, so that of three equal tokens the first two become one. */
    void replace(int left, int right, int merged) {
      int kept = 0;
      for (int i = 0; i < length; i++) {
        boolean match = i + 1 < length && tokens[i] == left && tokens[i + 1] == right;
        tokens[kept++] = match ? merged : tokens[i];
        if (match) {
          i++;
        }
      }
      length = kept;
    }
  }

  /** How often a pair comes, and in which words it may still be. */
  private static final class Pair {
    private long count;
    private int[] words = new int[4];
    private int size;

    /** Words come in ascending order, so the last one is the only one that may come again. */
    void add(int word, long times) {
      count += times;
      if (size > 0 && words[size - 1] == word) {
        return;
      }
      if (size == words.length) {
        words = Arrays.copyOf(words, size * 2);
      }
      words[size++] = word;
    }
  }
}
