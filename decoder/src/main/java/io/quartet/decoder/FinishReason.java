package io.quartet.decoder;

/** Why an answer ended. */
public enum FinishReason {
  /** A stop token or a stop string came. */
  STOP,
  /** The most tokens, or the context length, were reached. */
  LENGTH,
  /** The request's time was over, while it waited or while it grew. */
  TIME_LIMIT,
  /** Somebody cancelled it. */
  CANCELLED
}
