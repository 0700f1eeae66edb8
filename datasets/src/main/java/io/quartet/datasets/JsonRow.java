package io.quartet.datasets;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A row's columns by a shape's names for them, and what is wrong with them. Every method throws
 * {@link BadRow} with the column, what was found and what was expected.
 */
final class JsonRow {
  private final ObjectNode columns;
  private final Map<String, String> names;

  /**
   * @param names the shape's names to the file's, where those differ
   */
  JsonRow(ObjectNode columns, Map<String, String> names) {
    this.columns = columns;
    this.names = names;
  }

  private String name(String key) {
    return names.getOrDefault(key, key);
  }

  private @Nullable JsonNode get(String key) {
    return columns.get(name(key));
  }

  /** Whether there is a value, not null, for each of the keys. */
  boolean has(String... keys) {
    return Stream.of(keys).allMatch(key -> columns.hasNonNull(name(key)));
  }

  /** Whether a value is a string. */
  boolean textual(String key) {
    JsonNode value = get(key);
    return value != null && value.isTextual();
  }

  /** What the row has, in words. */
  String kind() {
    return JsonText.kind(columns);
  }

  /** A string that is not blank. */
  String text(String key) {
    return text(get(key), name(key));
  }

  /** A string, a number or a truth value, as text. */
  String scalar(String key) {
    JsonNode value = get(key);
    if (value == null || !value.isValueNode()) {
      throw new BadRow("'%s': got %s, expected text or a number", name(key), JsonText.kind(value));
    }
    return value.asText();
  }

  /** A string, which may be blank or not there at all. */
  String textOrNothing(String key) {
    return has(key) && !columns.path(name(key)).asText().isBlank() ? text(key) : "";
  }

  /** A list that is not empty. */
  List<JsonNode> list(String key) {
    JsonNode list = get(key);
    if (list == null || !list.isArray() || list.isEmpty()) {
      throw new BadRow(
          "'%s': got %s, expected a list that is not empty", name(key), JsonText.kind(list));
    }
    List<JsonNode> items = new ArrayList<>();
    list.forEach(items::add);
    return items;
  }

  /** A list, which may be empty. */
  List<JsonNode> listOrNothing(String key) {
    JsonNode list = get(key);
    return list != null && list.isArray() && list.isEmpty() ? List.of() : list(key);
  }

  /** An object. */
  JsonNode object(String key) {
    JsonNode value = get(key);
    if (value == null || !value.isObject()) {
      throw new BadRow("'%s': got %s, expected an object", name(key), JsonText.kind(value));
    }
    return value;
  }

  /** A number. */
  static double number(@Nullable JsonNode value, String path) {
    if (value == null || !value.isNumber()) {
      throw new BadRow("'%s': got %s, expected a number", path, JsonText.kind(value));
    }
    return value.asDouble();
  }

  /** A conversation up to the answer: a string, which the user says, or messages. */
  Conversation prompt(String key) {
    return textual(key)
        ? Conversation.of(Message.user(text(key)))
        : waiting(name(key), messages(key));
  }

  /** A conversation whose last turn is the user's. */
  static Conversation waiting(String key, List<Message> messages) {
    if (messages.isEmpty() || last(messages).role() != Role.USER) {
      throw new BadRow("'%s': the last message is %s, expected the user's", key, speaker(messages));
    }
    return new Conversation(messages);
  }

  /** A conversation whose last turn is the assistant's. */
  static Conversation answered(String key, List<Message> messages) {
    if (messages.isEmpty() || last(messages).role() != Role.ASSISTANT) {
      throw new BadRow(
          "'%s': the last message is %s, expected the assistant's", key, speaker(messages));
    }
    return new Conversation(messages);
  }

  private static String speaker(List<Message> messages) {
    return messages.isEmpty() ? "nobody's" : "the " + last(messages).role().label() + "'s";
  }

  /** An answer to the prompt of another key: a string, or messages with the answer at the end. */
  String answer(String key, String promptKey) {
    if (textual(key)) {
      return text(key);
    }
    List<Message> messages = answered(name(key), messages(key)).messages();
    List<Message> before = messages.subList(0, messages.size() - 1);
    if (!before.isEmpty() && !before.equals(prompt(promptKey).messages())) {
      throw new BadRow(
          "'%s': expected the answer alone or after the messages of '%s'",
          name(key), name(promptKey));
    }
    return last(messages).content();
  }

  /** OpenAI's messages. */
  List<Message> messages(String key) {
    JsonNode list = get(key);
    if (list == null || !list.isArray() || list.isEmpty()) {
      throw new BadRow("'%s': got %s, expected a list of messages", name(key), JsonText.kind(list));
    }
    List<Message> messages = new ArrayList<>();
    for (JsonNode message : list) {
      String path = "%s[%d]".formatted(name(key), messages.size());
      add(messages, path, role(message.get("role"), path + ".role"), message.get("content"));
    }
    return messages;
  }

  /** Adds a turn; {@code path} is where its {@code content} is. */
  static void add(List<Message> messages, String path, Role role, @Nullable JsonNode content) {
    if (role == Role.SYSTEM && !messages.isEmpty()) {
      throw new BadRow("'%s.role': got system, which can only be the first message's", path);
    }
    messages.add(new Message(role, text(content, path + ".content")));
  }

  private static Role role(@Nullable JsonNode role, String path) {
    String got = text(role, path);
    return Stream.of(Role.values())
        .filter(r -> r.label().equals(got))
        .findFirst()
        .orElseThrow(
            () -> new BadRow("'%s': got '%s', expected system, user or assistant", path, got));
  }

  static String text(@Nullable JsonNode value, String path) {
    if (value == null || !value.isTextual() || value.asText().isBlank()) {
      throw new BadRow("'%s': got %s, expected text", path, JsonText.kind(value));
    }
    return value.asText();
  }

  static Message last(List<Message> messages) {
    return messages.get(messages.size() - 1);
  }
}
