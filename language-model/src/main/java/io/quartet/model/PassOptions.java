package io.quartet.model;

/**
 * How a training pass goes through the blocks of a model.
 *
 * @param dropout share of the embeddings' and of each attention's and feed-forward's outputs that
 *     is set to zero, the rest made larger by as much (Srivastava et al. 2014); 0 to less than 1
 * @param recompute whether only what enters each block is kept, and the rest computed again when
 *     the gradient comes back (Chen et al. 2016, arXiv:1604.06174): the same gradients for less
 *     memory and about a third more arithmetic. With adapters it always is so
 */
public record PassOptions(double dropout, boolean recompute) {
  /** Nothing is dropped or recomputed. */
  public static final PassOptions PLAIN = new PassOptions(0, false);

  /** Checks the share. */
  public PassOptions {
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException(
          "dropout: got %s, expected 0 to less than 1".formatted(dropout));
    }
  }
}
