package io.quartet.checkpoint;

/**
 * One turn.
 *
 * @param role whose turn it is
 * @param content what is said; white space around it does not count
 */
public record Message(Role role, String content) {
  /** A system turn. */
  public static Message system(String content) {
    return new Message(Role.SYSTEM, content);
  }

  /** A user's turn. */
  public static Message user(String content) {
    return new Message(Role.USER, content);
  }

  /** An assistant's turn. */
  public static Message assistant(String content) {
    return new Message(Role.ASSISTANT, content);
  }
}
