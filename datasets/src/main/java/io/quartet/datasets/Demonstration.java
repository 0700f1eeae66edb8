package io.quartet.datasets;

import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Role;

/** A conversation that ends with the answer to imitate. */
public record Demonstration(Conversation conversation) {
  /** Validates that the last turn is the assistant's. */
  public Demonstration {
    if (conversation.last().role() != Role.ASSISTANT) {
      throw new IllegalArgumentException(
          "demonstration: expected a conversation that ends with an assistant's message");
    }
  }

  /** The assistant's last message. */
  public String answer() {
    return conversation.last().content();
  }
}
