package io.quartet.checkpoint;

import java.util.Arrays;

/**
 * A conversation as tokens.
 *
 * @param tokenIds T token ids
 * @param trained T flags: whether the loss counts this token as a target
 */
@SuppressWarnings("ArrayRecordComponent") // hot path: shared, not copied; equality is by content
public record EncodedConversation(int[] tokenIds, boolean[] trained) {
  /** Checks that the lengths agree; INVALID_ARGUMENT otherwise. */
  public EncodedConversation {
    if (tokenIds.length != trained.length) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "encoded conversation: %d flags, expected %d".formatted(trained.length, tokenIds.length));
    }
  }

  /** The number of tokens. */
  public int length() {
    return tokenIds.length;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof EncodedConversation encoded
        && Arrays.equals(tokenIds, encoded.tokenIds)
        && Arrays.equals(trained, encoded.trained);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(tokenIds);
  }

  @Override
  public String toString() {
    return "EncodedConversation%s%s".formatted(Arrays.toString(tokenIds), Arrays.toString(trained));
  }
}
