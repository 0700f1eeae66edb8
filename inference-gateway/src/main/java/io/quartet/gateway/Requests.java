package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
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
   * @throws QuartetException INVALID_ARGUMENT naming the message whose role is none, or for too
   *     many
   */
  static Conversation conversation(List<io.quartet.v1.Message> messages) {
    List<Message> turns = new ArrayList<>();
    for (io.quartet.v1.Message message : messages) {
      turns.add(new Message(role(turns.size() + 1, message.getRole()), message.getContent()));
    }
    return Question.conversation(turns);
  }

  /**
   * How soon an answer is wanted.
   *
   * @param limited whether the time limit is set
   * @throws QuartetException INVALID_ARGUMENT for a priority or a time limit that is none
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
        limited ? Optional.of(timeLimit(timeLimit)) : Optional.empty());
  }

  private static java.time.Duration timeLimit(Duration limit) {
    if (!Durations.isValid(limit) || Durations.isNegative(limit)) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "time_limit: %d s and %d ns, expected 0 to %d s and 0 to 999999999 ns"
              .formatted(limit.getSeconds(), limit.getNanos(), Durations.MAX_VALUE.getSeconds()));
    }
    return java.time.Duration.ofSeconds(limit.getSeconds(), limit.getNanos());
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
