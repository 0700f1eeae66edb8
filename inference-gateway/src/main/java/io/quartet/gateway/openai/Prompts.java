package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.gateway.Question;
import io.quartet.gateway.ServedModel;
import io.quartet.v1.SamplingParametersOrBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The prompts of a completion: text or tokens, one or several. */
final class Prompts {
  private static final String FIELD = "prompt";
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
          "context_length_exceeded",
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
      return model -> fitting(FIELD, model, model.textPrompt(text), sampling);
    }
    int[] tokens = new int[prompt.size()];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = prompt.get(i).intValue();
    }
    return model -> fitting(FIELD, model, tokens, sampling);
  }
}
