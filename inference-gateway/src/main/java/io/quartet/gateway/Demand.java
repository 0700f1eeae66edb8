package io.quartet.gateway;

import java.util.OptionalInt;

/**
 * What a question asks of a model, as far as its sizes tell before anything is tokenised.
 *
 * @param answers how many
 * @param bytes of all its prompts, about
 * @param maxTokens of each answer, if the caller says
 */
record Demand(int answers, long bytes, OptionalInt maxTokens) {
  /** One answer of whatever length to hardly anything. */
  static final Demand LEAST = new Demand(1, 0, OptionalInt.empty());
}
