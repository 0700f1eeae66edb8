package io.quartet.recipe;

/** Which weights a stage publishes. */
public enum Publish {
  /** Those of the last step. */
  LAST,
  /** Those with the lowest loss on held-out data, of the looks on the way. */
  BEST
}
