package io.quartet.model;

/**
 * How a training pass goes through the blocks of a model.
 *
 * @param dropout share of the embeddings' and of each attention's and feed-forward's outputs that
 *     is set to zero, the rest made larger by as much (Srivastava et al. 2014); 0 to less than 1
 */
public record PassOptions(double dropout) {
  /** Nothing is dropped. */
  public static final PassOptions PLAIN = new PassOptions(0);

  /** Checks the share. */
  public PassOptions {
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException(
          "dropout: got %s, expected 0 to less than 1".formatted(dropout));
    }
  }
}
