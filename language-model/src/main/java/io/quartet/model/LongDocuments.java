package io.quartet.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A document that does not fit into a row, as sequences that do. */
public final class LongDocuments {
  private LongDocuments() {}

  /**
   * Pieces to train on: every token but the first is predicted in exactly one of them. Each begins
   * with the token that the one before ended with.
   *
   * @param tokens at least 2
   * @param length T, the most input tokens of a piece
   * @param first input tokens of the first piece, 1 to {@code length}; another one in each epoch
   *     shows each token in another context
   */
  public static List<TokenSequence> pieces(int[] tokens, int length, int first) {
    var pieces = new ArrayList<TokenSequence>();
    int from = 0;
    for (int to = Math.min(first, tokens.length - 1); from < tokens.length - 1; ) {
      pieces.add(TokenSequence.document(Arrays.copyOfRange(tokens, from, to + 1)));
      from = to;
      to = Math.min(from + length, tokens.length - 1);
    }
    return pieces;
  }

  /** How many {@link #pieces(int[], int, int)} a document of so many tokens has. */
  public static int pieces(int tokens, int length, int first) {
    int after = Math.max(0, tokens - 1 - first);
    return 1 + (after + length - 1) / length;
  }

  /**
   * Windows to measure on: every token but the first is predicted in exactly one of them, and from
   * at least {@code length − stride} tokens before it, or from all that there are.
   *
   * @param tokens at least 2
   * @param length T, the most input tokens of a window
   * @param stride tokens that a window predicts after the first one, 1 to {@code length}
   */
  public static List<TokenSequence> windows(int[] tokens, int length, int stride) {
    var windows = new ArrayList<TokenSequence>();
    int predicted = 1;
    for (int from = 0; predicted < tokens.length; from += stride) {
      int to = Math.min(from + length + 1, tokens.length);
      float[] weights = new float[to - from];
      Arrays.fill(weights, predicted - from, weights.length, 1);
      windows.add(TokenSequence.of(Arrays.copyOfRange(tokens, from, to), weights));
      predicted = to;
    }
    return windows;
  }
}
