package io.quartet.checkpoint;

import java.util.Arrays;
import java.util.Locale;

/** Whose turn it is. */
public enum Role {
  /** Instructions that hold for the whole conversation. */
  SYSTEM(SpecialTokens.SYSTEM),
  /** The person who asks. */
  USER(SpecialTokens.USER),
  /** The model. */
  ASSISTANT(SpecialTokens.ASSISTANT);

  private final String token;

  Role(String token) {
    this.token = token;
  }

  /** The special token that begins its turns. */
  public String token() {
    return token;
  }

  /** The name used in data and templates: {@code system}, {@code user}, {@code assistant}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The role of a label.
   *
   * @throws QuartetException INVALID_ARGUMENT if there is no such role
   */
  public static Role parse(String label) {
    return Arrays.stream(values())
        .filter(role -> role.label().equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new QuartetException(
                    ErrorCode.INVALID_ARGUMENT,
                    "role '%s': expected one of system, user, assistant".formatted(label)));
  }
}
