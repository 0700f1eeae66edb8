package io.quartet.checkpoint;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/**
 * Learns a byte-level BPE vocabulary (Sennrich et al. 2016) within GPT-4's pieces. The most
 * frequent pair is merged first; of equally frequent ones the pair whose left, then right token has
 * the smaller id. So the same counts give the same vocabulary, in whatever order the texts come.
 */
public final class BpeTrainer {
  private final int vocabularySize;
  private final int threads;

  /** A trainer on all processors; see {@link #BpeTrainer(int, int)}. */
  public BpeTrainer(int vocabularySize) {
    this(vocabularySize, Runtime.getRuntime().availableProcessors());
  }

  /**
   * A trainer.
   *
   * @param vocabularySize how many tokens to end with, special tokens and bytes included
   * @param threads that split the texts, 1 or more; the result is the same with any number
   * @throws QuartetException INVALID_ARGUMENT below {@link BpeVocabulary#FIRST_MERGE}
   */
  public BpeTrainer(int vocabularySize, int threads) {
    if (vocabularySize < BpeVocabulary.FIRST_MERGE) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "vocabulary %d, expected at least %d: %d special tokens and 256 bytes"
              .formatted(vocabularySize, BpeVocabulary.FIRST_MERGE, SpecialTokens.ALL.size()));
    }
    this.vocabularySize = vocabularySize;
    this.threads = threads;
  }

  /**
   * Learns from texts, each read once.
   *
   * @param boosts texts that count so many times more, such as {@code " word"} for a word that
   *     should be one token
   * @return a vocabulary of the size asked for, or smaller if no pair is left that comes twice
   */
  public BpeVocabulary train(Iterable<String> texts, Map<String, Long> boosts) {
    Map<String, long[]> counts = PieceCounts.of(texts, threads);
    boosts.forEach(
        (text, times) ->
            PreTokenizer.split(
                text, piece -> counts.computeIfAbsent(piece, p -> new long[1])[0] += times));

    // Sorted so that nothing depends on the order of the texts or of a hash table.
    String[] pieces = counts.keySet().toArray(String[]::new);
    Arrays.sort(pieces);
    var merger = new PairMerger();
    for (String piece : pieces) {
      byte[] bytes = piece.getBytes(StandardCharsets.UTF_8);
      int[] tokens = new int[bytes.length];
      for (int i = 0; i < bytes.length; i++) {
        tokens[i] = BpeVocabulary.FIRST_BYTE + (bytes[i] & 0xff);
      }
      long[] count = counts.get(piece);
      merger.add(tokens, count == null ? 0 : count[0]);
    }
    return new BpeVocabulary(merger.merge(vocabularySize - BpeVocabulary.FIRST_MERGE));
  }
}
