package io.quartet.gateway;

/** A request that an API refuses for what it says, in words of its own. */
public abstract class WrongQuestion extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line for the caller
   */
  protected WrongQuestion(String message) {
    super(message);
  }
}
