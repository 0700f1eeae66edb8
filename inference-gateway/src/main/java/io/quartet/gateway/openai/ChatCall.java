package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.checkpoint.Conversation;
import io.quartet.gateway.Question;
import io.quartet.v1.SamplingParameters;
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
    Conversation conversation = Messages.read(body);
    boolean logProbs = body.flag("logprobs");
    SamplingParameters.Builder sampling =
        SamplingFields.of(body, false, "max_completion_tokens", "max_tokens");
    OptionalInt alternatives = SamplingFields.alternatives(body, "top_logprobs", sampling);
    if (alternatives.orElse(0) > 0 && !logProbs) {
      throw body.wrong("top_logprobs", "none without \"logprobs\": true");
    }
    boolean streamed = body.flag("stream");
    var question =
        new Question(
            model,
            served -> List.of(Prompts.fitting(Messages.FIELD, served, conversation, sampling)),
            sampling.build(),
            SamplingFields.samples(body),
            true,
            false,
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
    for (JsonNode modality : body.node("modalities")) {
      if (!modality.asText().equals("text")) {
        throw body.wrong("modalities", "[\"text\"], the one that is offered");
      }
    }
    body.object("response_format")
        .ifPresent(
            format -> {
              if (!format.requiredText("type").equals("text")) {
                throw format.wrong("type", "\"text\", the one format that is offered");
              }
            });
  }
}
