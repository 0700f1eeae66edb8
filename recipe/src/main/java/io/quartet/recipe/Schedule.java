package io.quartet.recipe;

/** How a stage's learning rate goes from its peak, after the warm-up, to the last step. */
public enum Schedule {
  /** Stays at the peak. */
  CONSTANT,
  /** Falls in a straight line. */
  LINEAR,
  /** Falls along half a cosine (Loshchilov and Hutter 2016). */
  COSINE,
  /** Stays at the peak, then falls in a straight line over the last steps (Hu et al. 2024). */
  WSD
}
