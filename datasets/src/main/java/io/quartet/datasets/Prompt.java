package io.quartet.datasets;

import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Role;

/**
 * A conversation that waits for an answer.
 *
 * @param id names it within its data set: {@code define/person/0}; empty if nothing does
 */
public record Prompt(String id, Conversation conversation) {
  /** Validates that the assistant is next. */
  public Prompt {
    if (conversation.last().role() == Role.ASSISTANT) {
      throw new IllegalArgumentException(
          "prompt '%s': the last message is the assistant's, expected another's".formatted(id));
    }
  }
}
