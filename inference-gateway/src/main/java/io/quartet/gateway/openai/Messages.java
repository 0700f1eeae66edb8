package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.Role;
import io.quartet.gateway.Question;
import java.util.ArrayList;
import java.util.List;

/** The conversation of a chat. */
final class Messages {
  static final String FIELD = "messages";

  private Messages() {}

  /**
   * Reads the field {@code messages}. System and developer messages at the beginning are one, with
   * a blank line between.
   *
   * @throws WrongRequest naming what is none of OpenAI's messages, or none that these models read
   */
  static Conversation read(Fields body) {
    List<Message> messages = new ArrayList<>();
    for (Fields message : body.objects(FIELD)) {
      var next = new Message(role(message), content(message));
      boolean first = messages.isEmpty();
      if (next.role() != Role.SYSTEM || first) {
        messages.add(next);
      } else if (messages.size() == 1 && messages.get(0).role() == Role.SYSTEM) {
        messages.set(0, Message.system(messages.get(0).content() + "\n\n" + next.content()));
      } else {
        throw message.wrong("role", "system and developer messages before all others");
      }
    }
    if (messages.isEmpty()) {
      throw body.wrong(FIELD, "one message or more");
    }
    return body.naming(FIELD, () -> Question.conversation(messages));
  }

  private static Role role(Fields message) {
    return switch (message.requiredText("role")) {
      case "system", "developer" -> Role.SYSTEM;
      case "user" -> Role.USER;
      case "assistant" -> Role.ASSISTANT;
      default -> throw message.wrong("role", "system, developer, user or assistant");
    };
  }

  /** A string, or the texts of a list of parts one after the other. */
  private static String content(Fields message) {
    message.refuse("tool_calls");
    message.refuse("function_call");
    JsonNode content = message.node("content");
    if (content.isTextual()) {
      return content.textValue();
    }
    if (content.isMissingNode() && message.requiredText("role").equals("assistant")) {
      return ""; // as OpenAI writes a turn that it refused
    }
    if (content.isMissingNode()) {
      throw message.missing("content");
    }
    if (!content.isArray()) {
      throw message.wrong("content", "a string or a list of text parts");
    }
    var text = new StringBuilder();
    for (Fields part : message.objects("content")) {
      if (!part.requiredText("type").equals("text")) {
        throw part.wrong("type", "\"text\": these models read nothing else");
      }
      text.append(part.requiredText("text"));
    }
    return text.toString();
  }
}
