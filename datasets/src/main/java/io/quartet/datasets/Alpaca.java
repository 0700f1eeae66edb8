package io.quartet.datasets;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.checkpoint.Message;
import java.util.ArrayList;
import java.util.List;

/**
 * Alpaca's layout: {@code instruction}, {@code input}, which goes below it, and {@code output};
 * {@code system} and {@code history}, a list of [question, answer], may come with them.
 */
final class Alpaca {
  private Alpaca() {}

  /** The conversation up to the answer. */
  static List<Message> prompt(JsonRow row) {
    List<Message> messages = new ArrayList<>();
    String system = row.textOrNothing("system");
    if (!system.isEmpty()) {
      messages.add(Message.system(system));
    }
    int index = 0;
    for (JsonNode turn : row.has("history") ? row.listOrNothing("history") : List.<JsonNode>of()) {
      String path = "history[%d]".formatted(index++);
      messages.add(Message.user(JsonRow.text(turn.get(0), path + "[0]")));
      messages.add(Message.assistant(JsonRow.text(turn.get(1), path + "[1]")));
    }
    String input = row.textOrNothing("input");
    String instruction = row.text("instruction");
    messages.add(Message.user(input.isEmpty() ? instruction : instruction + "\n" + input));
    return messages;
  }

  /** The conversation with its answer. */
  static List<Message> conversation(JsonRow row) {
    List<Message> messages = prompt(row);
    messages.add(Message.assistant(row.text("output")));
    return messages;
  }
}
