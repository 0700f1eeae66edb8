package io.quartet.datasets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * A row of JSON and what is wrong with it. Every method throws {@link QuartetException}
 * INVALID_ARGUMENT with file, line, key, what was found and what was expected.
 */
final class JsonRow {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final Rows.Row row;
  private final JsonNode node;

  private JsonRow(Rows.Row row, JsonNode node) {
    this.row = row;
    this.node = node;
  }

  static JsonRow of(Rows.Row row) {
    try {
      JsonNode node = JSON.readTree(row.text());
      if (!node.isObject()) {
        throw BadRow.at(row, "got %s, expected a JSON object".formatted(kind(node)));
      }
      return new JsonRow(row, node);
    } catch (JsonProcessingException e) {
      throw BadRow.at(row, "not JSON: " + e.getOriginalMessage());
    }
  }

  boolean has(String key) {
    return node.has(key);
  }

  /** A string that is not blank. */
  String text(String key) {
    return text(node.get(key), key);
  }

  /** A conversation up to the answer: a string, which the user says, or messages. */
  Conversation prompt(String key) {
    if (node.path(key).isTextual()) {
      return Conversation.of(Message.user(text(key)));
    }
    List<Message> messages = messages(key);
    if (last(messages).role() != Role.USER) {
      throw bad("'%s': the last message is the %s's, expected the user's", key, name(messages));
    }
    return new Conversation(messages);
  }

  /** A conversation with an answer at its end. */
  Conversation endingWithAnswer(String key) {
    List<Message> messages = messages(key);
    if (last(messages).role() != Role.ASSISTANT) {
      throw bad(
          "'%s': the last message is the %s's, expected the assistant's", key, name(messages));
    }
    return new Conversation(messages);
  }

  /** An answer to the prompt of another key: a string, or messages with the answer at the end. */
  String answer(String key, String promptKey) {
    if (node.path(key).isTextual()) {
      return text(key);
    }
    List<Message> messages = endingWithAnswer(key).messages();
    List<Message> before = messages.subList(0, messages.size() - 1);
    if (!before.isEmpty() && !before.equals(prompt(promptKey).messages())) {
      throw bad("'%s': expected the answer alone or after the messages of '%s'", key, promptKey);
    }
    return last(messages).content();
  }

  private List<Message> messages(String key) {
    JsonNode list = node.get(key);
    if (list == null || !list.isArray() || list.isEmpty()) {
      throw bad("'%s': got %s, expected a list of messages", key, kind(list));
    }
    List<Message> messages = new ArrayList<>();
    for (JsonNode message : list) {
      String path = "%s[%d]".formatted(key, messages.size());
      Role role = role(message.get("role"), path + ".role");
      if (role == Role.SYSTEM && !messages.isEmpty()) {
        throw bad("'%s.role': got system, which can only be the first message's", path);
      }
      messages.add(new Message(role, text(message.get("content"), path + ".content")));
    }
    return messages;
  }

  private Role role(@Nullable JsonNode role, String path) {
    String got = text(role, path);
    return Stream.of(Role.values())
        .filter(r -> r.label().equals(got))
        .findFirst()
        .orElseThrow(() -> bad("'%s': got '%s', expected system, user or assistant", path, got));
  }

  private String text(@Nullable JsonNode value, String path) {
    if (value == null || !value.isTextual() || value.asText().isBlank()) {
      throw bad("'%s': got %s, expected text", path, kind(value));
    }
    return value.asText();
  }

  private QuartetException bad(String format, Object... details) {
    return BadRow.at(row, format.formatted(details));
  }

  private static Message last(List<Message> messages) {
    return messages.get(messages.size() - 1);
  }

  private static String name(List<Message> messages) {
    return last(messages).role().label();
  }

  private static String kind(@Nullable JsonNode node) {
    if (node == null || node.isMissingNode()) {
      return "nothing";
    }
    if (node.isTextual()) {
      return node.asText().isBlank() ? "an empty string" : "a string";
    }
    if (node.isArray() && node.isEmpty()) {
      return "an empty list";
    }
    if (node.isObject()) {
      List<String> keys =
          StreamSupport.stream(((Iterable<String>) node::fieldNames).spliterator(), false).toList();
      return "an object with " + keys;
    }
    return node.getNodeType() == JsonNodeType.NULL
        ? "null"
        : (node.isArray() ? "an " : "a ") + node.getNodeType().name().toLowerCase(Locale.ROOT);
  }
}
