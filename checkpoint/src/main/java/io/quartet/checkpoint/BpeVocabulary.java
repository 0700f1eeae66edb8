package io.quartet.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A byte-level BPE vocabulary: the special tokens ({@link SpecialTokens#ALL}), the 256 bytes, then
 * one token for each merge in the order in which they were learned.
 *
 * @param merges the pairs of token ids; merge m makes token {@link #FIRST_MERGE} + m
 */
public record BpeVocabulary(List<Merge> merges) {
  /** The id of byte 0; byte b has id FIRST_BYTE + b. */
  public static final int FIRST_BYTE = SpecialTokens.ALL.size();

  /** The id of the first merge's token, which is also the smallest possible vocabulary. */
  public static final int FIRST_MERGE = FIRST_BYTE + 256;

  /**
   * Two neighbouring tokens that become one.
   *
   * @param left the first token's id
   * @param right the second token's id
   */
  public record Merge(int left, int right) {}

  /** Checks that every merge joins earlier tokens; INVALID_ARGUMENT otherwise. */
  public BpeVocabulary {
    merges = List.copyOf(merges);
    for (int m = 0; m < merges.size(); m++) {
      Merge merge = merges.get(m);
      int least = Math.min(merge.left(), merge.right());
      if (least < FIRST_BYTE || Math.max(merge.left(), merge.right()) >= FIRST_MERGE + m) {
        throw new QuartetException(
            ErrorCode.INVALID_ARGUMENT,
            "merge %d joins tokens %d and %d, expected %d to %d"
                .formatted(m, merge.left(), merge.right(), FIRST_BYTE, FIRST_MERGE + m - 1));
      }
    }
  }

  /** The number of tokens. */
  public int size() {
    return FIRST_MERGE + merges.size();
  }

  /** The bytes of every byte and merge token, by id; of no length for the special tokens. */
  public List<byte[]> tokenBytes() {
    List<byte[]> tokens = new ArrayList<>(size());
    for (int id = 0; id < FIRST_BYTE; id++) {
      tokens.add(new byte[0]);
    }
    for (int b = 0; b < 256; b++) {
      tokens.add(new byte[] {(byte) b});
    }
    for (Merge merge : merges) {
      byte[] left = tokens.get(merge.left());
      byte[] right = tokens.get(merge.right());
      byte[] token = Arrays.copyOf(left, left.length + right.length);
      System.arraycopy(right, 0, token, left.length, right.length);
      tokens.add(token);
    }
    return tokens;
  }
}
