package io.quartet.datasets;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.Role;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * ShareGPT's layout: {@code conversations} of turns {@code {from: human, value: …}}, and with
 * comparisons {@code chosen} and {@code rejected}, a turn each, beside them.
 */
final class ShareGpt {
  static final String TURNS = "conversations";

  private ShareGpt() {}

  /** All turns; a {@code system} text of the row's own comes first. */
  static List<Message> turns(JsonRow row) {
    List<Message> messages = new ArrayList<>();
    String system = row.textOrNothing("system");
    if (!system.isEmpty()) {
      messages.add(Message.system(system));
    }
    int index = 0;
    for (JsonNode turn : row.list(TURNS)) {
      String path = "%s[%d]".formatted(TURNS, index++);
      Role role = role(turn.get("from"), path + ".from");
      if (role == Role.SYSTEM && !messages.isEmpty()) {
        throw new BadRow("'%s.from': got system, which can only be the first turn's", path);
      }
      messages.add(new Message(role, JsonRow.text(turn.get("value"), path + ".value")));
    }
    return messages;
  }

  /** The turns and two answers to the last. */
  static Ranking comparison(JsonRow row) {
    Conversation prompt = JsonRow.waiting(TURNS, turns(row));
    return Ranking.pair(prompt, answer(row, "chosen"), answer(row, "rejected"));
  }

  private static String answer(JsonRow row, String key) {
    if (row.textual(key)) {
      return row.text(key);
    }
    JsonNode turn = row.object(key);
    if (role(turn.get("from"), key + ".from") != Role.ASSISTANT) {
      throw new BadRow("'%s.from': got %s, expected gpt", key, turn.get("from"));
    }
    return JsonRow.text(turn.get("value"), key + ".value");
  }

  private static Role role(@Nullable JsonNode from, String path) {
    String got = JsonRow.text(from, path);
    return switch (got) {
      case "human", "user" -> Role.USER;
      case "gpt", "assistant" -> Role.ASSISTANT;
      case "system" -> Role.SYSTEM;
      default -> throw new BadRow("'%s': got '%s', expected human, gpt or system", path, got);
    };
  }
}
