package io.quartet.gateway;

import io.quartet.decoder.Priority;
import java.util.OptionalInt;

/**
 * What a question asks of a model, as far as its sizes tell before anything is tokenised.
 *
 * @param answers how many; none where the weights are only to stay
 * @param bytes of all its prompts, about
 * @param maxTokens of each answer, if the caller says
 * @param priority of those that wait
 */
record Demand(int answers, long bytes, OptionalInt maxTokens, Priority priority) {
  /** What takes no decoder: a lease, and no place. */
  static final Demand NOTHING = new Demand(0, 0, OptionalInt.empty(), Priority.INTERACTIVE);
}
