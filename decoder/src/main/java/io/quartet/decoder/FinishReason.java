package io.quartet.decoder;

/** Why an answer ended. */
public enum FinishReason {
  /** A stop token or a stop string came. */
  STOP,
  /** The most tokens, or the context length, were reached. */
  LENGTH,
  /** Somebody cancelled it. */
  CANCELLED
}
