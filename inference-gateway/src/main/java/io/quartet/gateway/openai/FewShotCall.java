package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.gateway.FewShot;
import io.quartet.gateway.Question;
import io.quartet.v1.SamplingParameters;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the body of {@code POST /v1/few_shot}, which OpenAI lacks: a completion whose prompt is
 * given as {@code title} and {@code examples}.
 */
final class FewShotCall {
  private FewShotCall() {}

  /**
   * Reads a body.
   *
   * @throws WrongRequest naming the field at fault
   */
  static Call read(Fields body) {
    String model = body.requiredText("model");
    var shots = new FewShot(body.text("title").orElse(""), examples(body));
    SamplingParameters.Builder sampling =
        SamplingFields.of(body, false, "max_tokens").addStop(shots.separator());
    if (!sampling.hasMaxTokens()) {
      sampling.setMaxTokens(FewShot.MAX_TOKENS);
    }
    int samples = SamplingFields.samples(body);
    var question =
        new Question(
            model,
            served ->
                List.of(
                    Prompts.fitting(
                        "examples", served, served.textPrompt(shots.prompt()), sampling)),
            sampling.build(),
            samples,
            true,
            false,
            SamplingFields.urgency(body));
    return new Call(
        question,
        samples,
        index -> new CompletionChoice(index, false, false),
        "cmpl-",
        "text_completion",
        body.flag("stream"),
        StreamOptions.usage(body));
  }

  private static List<String> examples(Fields body) {
    JsonNode list = body.node("examples");
    if (!list.isArray()) {
      throw body.wrong("examples", "a list of strings");
    }
    List<String> examples = new ArrayList<>();
    for (JsonNode example : list) {
      if (!example.isTextual()) {
        throw Fields.wrong("examples[%d]".formatted(examples.size()), example, "a string");
      }
      examples.add(example.textValue());
    }
    return examples;
  }
}
