package io.quartet.recipe;

/** Which weights a stage publishes. */
public enum Publish {
  /** Those of the last step. */
  LAST,
  /**
   * The best of the looks on the way: the lowest loss on held-out data, in RL the highest
   * objective.
   */
  BEST
}
