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
  private static final String EXAMPLES = "examples";

  private FewShotCall() {}

  /**
   * Reads a body.
   *
   * @throws WrongRequest naming the field at fault
   */
  static Call read(Fields body) {
    String model = body.requiredText("model");
    String title = body.text("title").orElse("");
    List<String> examples = examples(body);
    FewShot shots = body.naming(EXAMPLES, () -> new FewShot(title, examples));
    SamplingParameters.Builder sampling =
        SamplingFields.of(body, false, "max_tokens").addStop(shots.separator());
    if (!sampling.hasMaxTokens()) {
      sampling.setMaxTokens(FewShot.MAX_TOKENS);
    }
    int samples = SamplingFields.samples(body);
    var question =
        new Question(
            model,
            served -> List.of(Prompts.fitting(EXAMPLES, served, shots.prompt(), sampling)),
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
    JsonNode list = body.node(EXAMPLES);
    if (list.isMissingNode()) {
      throw body.missing(EXAMPLES);
    }
    if (!list.isArray()) {
      throw body.wrong(EXAMPLES, "a list of strings");
    }
    List<String> examples = new ArrayList<>();
    for (JsonNode example : list) {
      if (!example.isTextual()) {
        throw Fields.wrong("%s[%d]".formatted(EXAMPLES, examples.size()), example, "a string");
      }
      examples.add(example.textValue());
    }
    return examples;
  }
}
