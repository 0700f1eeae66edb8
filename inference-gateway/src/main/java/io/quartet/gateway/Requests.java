package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import com.google.protobuf.Duration;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Role;
import io.quartet.decoder.Priority;
import io.quartet.v1.TokenIds;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What several gRPC requests have in common. */
final class Requests {
  private Requests() {}

  static int[] tokens(TokenIds tokens) {
    return tokens.getIdsList().stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Messages as a conversation.
   *
   * @throws QuartetException INVALID_ARGUMENT naming the message whose role is none
   */
  static Conversation conversation(List<io.quartet.v1.Message> messages) {
    List<Message> turns = new ArrayList<>();
    for (io.quartet.v1.Message message : messages) {
      turns.add(new Message(role(turns.size() + 1, message.getRole()), message.getContent()));
    }
    return new Conversation(turns);
  }

  /**
   * How soon an answer is wanted.
   *
   * @param limited whether the time limit is set
   */
  static Urgency urgency(io.quartet.v1.Priority priority, boolean limited, Duration timeLimit) {
    return new Urgency(
        switch (priority) {
          case PRIORITY_UNSPECIFIED, PRIORITY_INTERACTIVE -> Priority.INTERACTIVE;
          case PRIORITY_BATCH -> Priority.BATCH;
          case UNRECOGNIZED ->
              throw new QuartetException(
                  INVALID_ARGUMENT, "priority: unknown, expected interactive or batch");
        },
        limited
            ? Optional.of(
                java.time.Duration.ofSeconds(timeLimit.getSeconds(), timeLimit.getNanos()))
            : Optional.empty());
  }

  private static Role role(int place, io.quartet.v1.Role role) {
    return switch (role) {
      case ROLE_SYSTEM -> Role.SYSTEM;
      case ROLE_USER -> Role.USER;
      case ROLE_ASSISTANT -> Role.ASSISTANT;
      case ROLE_UNSPECIFIED, UNRECOGNIZED ->
          throw new QuartetException(
              INVALID_ARGUMENT,
              "message %d: role %s, expected system, user or assistant".formatted(place, role));
    };
  }
}
