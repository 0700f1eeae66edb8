package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.Arrays;

/** A document or a conversation as tokens, with what each token counts in the loss as a target. */
public final class TokenSequence {
  private final int[] tokens;
  private final float[] weights;

  private TokenSequence(int[] tokens, float[] weights) {
    if (tokens.length != weights.length) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "token sequence: got %d weights, expected %d, one for each token"
              .formatted(weights.length, tokens.length));
    }
    this.tokens = tokens;
    this.weights = weights;
  }

  /** Every token but the first is predicted from those before it. */
  public static TokenSequence document(int... tokens) {
    float[] weights = new float[tokens.length];
    if (tokens.length > 1) {
      Arrays.fill(weights, 1, tokens.length, 1);
    }
    return new TokenSequence(tokens.clone(), weights);
  }

  /**
   * Only the marked tokens are predicted; a mark on the first has no effect, as nothing comes
   * before it.
   *
   * @throws QuartetException INVALID_ARGUMENT unless there is one mark for each token
   */
  public static TokenSequence of(int[] tokens, boolean[] trained) {
    float[] weights = new float[trained.length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = trained[i] ? 1 : 0;
    }
    return new TokenSequence(tokens.clone(), weights);
  }

  /**
   * Every token counts by its own weight, 0 for not at all.
   *
   * @throws QuartetException INVALID_ARGUMENT unless there is one weight for each token
   */
  public static TokenSequence of(int[] tokens, float[] weights) {
    return new TokenSequence(tokens.clone(), weights.clone());
  }

  /** A prompt and the answer to it; the answer's tokens are predicted. */
  public static TokenSequence answer(int[] prompt, int[] answer) {
    int[] tokens = Arrays.copyOf(prompt, prompt.length + answer.length);
    System.arraycopy(answer, 0, tokens, prompt.length, answer.length);
    float[] weights = new float[tokens.length];
    Arrays.fill(weights, prompt.length, tokens.length, 1);
    return new TokenSequence(tokens, weights);
  }

  /** How many tokens there are. */
  public int length() {
    return tokens.length;
  }

  /** How many tokens are predicted. */
  public int targets() {
    int count = 0;
    for (int i = 1; i < weights.length; i++) {
      count += weights[i] > 0 ? 1 : 0;
    }
    return count;
  }

  int token(int index) {
    return tokens[index];
  }

  float weight(int index) {
    return weights[index];
  }

  /** The tokens from one index to another, exclusive. */
  TokenSequence slice(int from, int to) {
    return new TokenSequence(
        Arrays.copyOfRange(tokens, from, to), Arrays.copyOfRange(weights, from, to));
  }
}
