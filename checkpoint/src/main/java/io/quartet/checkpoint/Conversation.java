package io.quartet.checkpoint;

import java.util.ArrayList;
import java.util.List;

/**
 * Turns in order.
 *
 * @param messages at least one; a system turn can only be the first
 */
public record Conversation(List<Message> messages) {
  /** Checks the turns; INVALID_ARGUMENT if there is none, or a system turn comes later. */
  public Conversation {
    messages = List.copyOf(messages);
    if (messages.isEmpty()) {
      throw invalid("conversation: found no message, expected at least one");
    }
    for (int i = 1; i < messages.size(); i++) {
      if (messages.get(i).role() == Role.SYSTEM) {
        throw invalid(
            "conversation: message %d is from system, expected that only as the first"
                .formatted(i + 1));
      }
    }
  }

  /** A conversation of these turns. */
  public static Conversation of(Message... messages) {
    return new Conversation(List.of(messages));
  }

  /** The conversation with one more turn. */
  public Conversation with(Message message) {
    List<Message> longer = new ArrayList<>(messages);
    longer.add(message);
    return new Conversation(longer);
  }

  /** The last turn. */
  public Message last() {
    return messages.get(messages.size() - 1);
  }

  private static QuartetException invalid(String message) {
    return new QuartetException(ErrorCode.INVALID_ARGUMENT, message);
  }
}
