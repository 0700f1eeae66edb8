package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.Role;
import io.quartet.gateway.Question;
import io.quartet.v1.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Reads the body of {@code POST /v1/chat/completions}. */
final class ChatCall {
  private static final List<String> NOT_OFFERED =
      List.of("tools", "functions", "audio", "prediction", "web_search_options");

  private ChatCall() {}

  /**
   * Reads a body.
   *
   * @throws WrongRequest naming the field at fault
   */
  static Call read(Fields body) {
    String model = body.requiredText("model");
    NOT_OFFERED.forEach(body::refuse);
    requireText(body);
    Conversation conversation = conversation(body);
    boolean logProbs = body.flag("logprobs");
    SamplingParameters.Builder sampling =
        SamplingFields.of(body, "max_completion_tokens", "max_tokens");
    OptionalInt alternatives = SamplingFields.alternatives(body, "top_logprobs", sampling);
    if (alternatives.orElse(0) > 0 && !logProbs) {
      throw body.wrong("top_logprobs", "none without \"logprobs\": true");
    }
    boolean streamed = body.flag("stream");
    var question =
        new Question(
            model,
            served ->
                List.of(
                    Prompts.fitting(
                        "messages",
                        served,
                        body.naming("messages", () -> served.template().prompt(conversation)))),
            sampling.build(),
            SamplingFields.samples(body),
            true,
            SamplingFields.urgency(body));
    return new Call(
        question,
        question.samples(),
        index -> new ChatChoice(index, logProbs),
        "chatcmpl-",
        streamed ? "chat.completion.chunk" : "chat.completion",
        streamed,
        StreamOptions.usage(body));
  }

  private static void requireText(Fields body) {
    body.object("response_format")
        .ifPresent(
            format -> {
              if (!format.requiredText("type").equals("text")) {
                throw format.wrong("type", "\"text\", the one format that is offered");
              }
            });
  }

  private static Conversation conversation(Fields body) {
    List<Message> messages = new ArrayList<>();
    for (Fields message : body.objects("messages")) {
      messages.add(new Message(role(message), content(message)));
    }
    if (messages.isEmpty()) {
      throw body.wrong("messages", "one message or more");
    }
    return new Conversation(messages);
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
    JsonNode content = message.node("content");
    if (content.isTextual()) {
      return content.textValue();
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
