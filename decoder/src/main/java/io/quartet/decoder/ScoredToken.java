package io.quartet.decoder;

import java.util.List;

/**
 * A token and how probable the model alone found it: at temperature 1, before any penalty, bias and
 * filter.
 *
 * @param id of the token
 * @param logProb its log-probability in nats, given the tokens before it
 * @param alternatives the likeliest tokens in its place, likeliest first, as many as {@link
 *     SamplingParams#topLogProbs}; the token itself is among them only if it is as likely
 */
public record ScoredToken(int id, float logProb, List<Alternative> alternatives) {
  /** Copies the list. */
  public ScoredToken {
    alternatives = List.copyOf(alternatives);
  }

  /**
   * A token that might have come.
   *
   * @param id of the token
   * @param logProb in nats, as {@link ScoredToken#logProb}
   */
  public record Alternative(int id, float logProb) {}
}
