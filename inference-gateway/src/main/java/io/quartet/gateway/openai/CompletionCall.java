package io.quartet.gateway.openai;

import io.quartet.gateway.Question;
import io.quartet.gateway.ServedModel;
import io.quartet.v1.SamplingParameters;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;

/** Reads the body of {@code POST /v1/completions}. */
final class CompletionCall {
  /** OpenAI's own default, which its clients count on. */
  private static final int MAX_TOKENS = 16;

  private CompletionCall() {}

  /**
   * Reads a body.
   *
   * @throws WrongRequest naming the field at fault
   */
  static Call read(Fields body) {
    String model = body.requiredText("model");
    body.refuse("suffix");
    int samples = SamplingFields.samples(body);
    requireNoBest(body, samples);
    boolean echo = body.flag("echo");
    SamplingParameters.Builder sampling =
        SamplingFields.of(body, echo && body.has("logprobs"), "max_tokens");
    OptionalInt logProbs = SamplingFields.alternatives(body, "logprobs", sampling);
    if (!sampling.hasMaxTokens()) {
      sampling.setMaxTokens(MAX_TOKENS);
    }
    List<Function<ServedModel, int[]>> prompts = Prompts.read(body, sampling);
    var question =
        new Question(
            model,
            served -> prompts.stream().map(prompt -> prompt.apply(served)).toList(),
            sampling.build(),
            samples,
            false,
            echo,
            SamplingFields.urgency(body));
    return new Call(
        question,
        prompts.size() * samples,
        index -> new CompletionChoice(index, logProbs.isPresent(), echo),
        "cmpl-",
        "text_completion",
        body.flag("stream"),
        StreamOptions.usage(body));
  }

  private static void requireNoBest(Fields body, int samples) {
    OptionalInt best = body.whole("best_of");
    if (best.isPresent() && best.getAsInt() != samples) {
      throw body.wrong("best_of", "n: every sample is returned");
    }
  }
}
