package io.quartet.recipe;

/** How RL judges a token's action against what was to be expected. */
public enum Advantage {
  /** Generalised advantage estimation with a value head (Schulman et al. 2015). */
  GAE,
  /** Leave-one-out over the prompt's other samples, no value head (Ahmadian et al. 2024). */
  RLOO
}
