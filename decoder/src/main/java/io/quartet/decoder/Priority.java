package io.quartet.decoder;

/** Whose prompt is read first. What runs already is not interrupted by either. */
public enum Priority {
  /** Somebody waits for it. */
  INTERACTIVE,
  /** Begins when no interactive request waits. */
  BATCH
}
