package io.quartet.datasets;

/** Which of two answers is the better one. */
public enum Preference {
  FIRST,
  SECOND,
  /** They do equally well: no comparison to learn from. */
  NEITHER
}
