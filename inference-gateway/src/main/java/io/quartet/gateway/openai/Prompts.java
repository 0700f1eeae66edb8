package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.checkpoint.Conversation;
import io.quartet.gateway.Question;
import io.quartet.gateway.ServedModel;
import io.quartet.v1.SamplingParametersOrBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The prompts of a completion: text or tokens, one or several. */
final class Prompts {
  private static final String FIELD = "prompt";
  private static final String TOO_LONG = "context_length_exceeded";
  private static final String EXPECTED =
      "a string, a list of strings, a list of token ids, or a list of such lists";

  private Prompts() {}

  /**
   * Reads the field {@code prompt}.
   *
   * @param sampling of the answers
   * @throws WrongRequest if it is none of the four shapes
   */
  static List<Function<ServedModel, int[]>> read(
      Fields body, SamplingParametersOrBuilder sampling) {
    JsonNode prompt = body.node(FIELD);
    if (prompt.isMissingNode()) {
      throw body.missing(FIELD);
    }
    if (prompt.isTextual() || isTokens(prompt)) {
      return List.of(one(prompt, sampling));
    }
    if (!prompt.isArray() || prompt.isEmpty()) {
      throw body.wrong(FIELD, EXPECTED);
    }
    if (prompt.size() > Question.MOST_ANSWERS) {
      throw new WrongRequest(
          FIELD,
          "invalid_value",
          "prompt: found %d prompts, expected at most %d"
              .formatted(prompt.size(), Question.MOST_ANSWERS));
    }
    List<Function<ServedModel, int[]>> prompts = new ArrayList<>();
    for (JsonNode element : prompt) {
      if (!element.isTextual() && !isTokens(element)) {
        throw Fields.wrong("prompt[%d]".formatted(prompts.size()), element, EXPECTED);
      }
      prompts.add(one(element, sampling));
    }
    return prompts;
  }

  /**
   * The tokens of a text, as {@link #fitting(String, ServedModel, int[],
   * SamplingParametersOrBuilder)}.
   */
  static int[] fitting(
      String field, ServedModel model, String text, SamplingParametersOrBuilder sampling) {
    requireHope(field, model, model.tokenizer().fewestTokens(text));
    return fitting(field, model, model.textPrompt(text), sampling);
  }

  /** The tokens of a conversation, likewise. */
  static int[] fitting(
      String field,
      ServedModel model,
      Conversation conversation,
      SamplingParametersOrBuilder sampling) {
    requireHope(field, model, model.template().fewestTokens(conversation));
    int[] prompt = Fields.named(field, () -> model.chatPrompt(conversation));
    return fitting(field, model, prompt, sampling);
  }

  private static void requireHope(String field, ServedModel model, int fewest) {
    model
        .hopeless(fewest)
        .ifPresent(
            why -> {
              throw new WrongRequest(field, TOO_LONG, why);
            });
  }

  /**
   * The prompt if it leaves room for an answer, where one is asked for.
   *
   * @param field that it comes from
   * @param sampling of the answer
   * @throws WrongRequest {@code context_length_exceeded}
   */
  static int[] fitting(
      String field, ServedModel model, int[] prompt, SamplingParametersOrBuilder sampling) {
    int context = model.contextLength();
    int answer = Question.leastAnswer(sampling);
    if (prompt.length > context - answer) {
      throw new WrongRequest(
          field,
          TOO_LONG,
          "prompt of %d tokens, expected %s the context length %d of %s"
              .formatted(
                  prompt.length,
                  answer == 0 ? "at most" : "fewer than",
                  context,
                  model.checkpoint().id()));
    }
    return prompt;
  }

  private static boolean isTokens(JsonNode prompt) {
    if (!prompt.isArray() || prompt.isEmpty()) {
      return false;
    }
    for (JsonNode token : prompt) {
      if (!Fields.isInt(token)) {
        return false;
      }
    }
    return true;
  }

  private static Function<ServedModel, int[]> one(
      JsonNode prompt, SamplingParametersOrBuilder sampling) {
    if (prompt.isTextual()) {
      String text = prompt.textValue();
      return model -> fitting(FIELD, model, text, sampling);
    }
    int[] tokens = new int[prompt.size()];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = prompt.get(i).intValue();
    }
    return model -> fitting(FIELD, model, tokens, sampling);
  }
}
