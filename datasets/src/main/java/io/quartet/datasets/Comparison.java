package io.quartet.datasets;

import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Role;
import java.util.Optional;

/**
 * Two answers to one prompt, the better one first.
 *
 * @param prompt the conversation up to the answer
 * @param rejected the worse answer; with the flaw {@link Flaw#NEVER_ENDING} it is cut off, without
 *     an end
 * @param flaw what was done to the rejected answer; empty if both are people's
 */
public record Comparison(Conversation prompt, String chosen, String rejected, Optional<Flaw> flaw) {
  /** Validates that the prompt waits for an answer. */
  public Comparison {
    if (prompt.last().role() == Role.ASSISTANT) {
      throw new IllegalArgumentException(
          "comparison: the prompt's last message is the assistant's, expected another's");
    }
  }

  /** Whether the rejected answer ends by itself. */
  public boolean rejectedEnds() {
    return flaw.filter(f -> f == Flaw.NEVER_ENDING).isEmpty();
  }
}
