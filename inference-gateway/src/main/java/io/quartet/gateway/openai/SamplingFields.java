package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.decoder.Priority;
import io.quartet.decoder.SamplingParams;
import io.quartet.decoder.SamplingParams.Builder;
import io.quartet.gateway.Question;
import io.quartet.gateway.Urgency;
import io.quartet.v1.SamplingParameters;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** The sampling knobs among a request's fields, OpenAI's and those that others have added. */
final class SamplingFields {
  private static final int MOST_SAMPLES = 64;

  private SamplingFields() {}

  /**
   * Reads the knobs.
   *
   * @param scored whether the prompt is scored too
   * @param maxTokens the names of the limit of the answer's length; the first one that is there
   *     counts
   * @throws WrongRequest naming the first whose value the decoder would refuse
   */
  static SamplingParameters.Builder of(Fields body, boolean scored, String... maxTokens) {
    var sampling = SamplingParameters.newBuilder().setPromptLogProbs(scored);
    number(body, "temperature", sampling::setTemperature, Builder::temperature);
    number(body, "top_p", sampling::setTopP, Builder::topP);
    number(body, "presence_penalty", sampling::setPresencePenalty, Builder::presencePenalty);
    number(body, "frequency_penalty", sampling::setFrequencyPenalty, Builder::frequencyPenalty);
    whole(body, "top_k", sampling::setTopK, Builder::topK);
    number(body, "min_p", sampling::setMinP, Builder::minP);
    number(body, "repetition_penalty", sampling::setRepetitionPenalty, Builder::repetitionPenalty);
    body.wholeLong("seed").ifPresent(sampling::setSeed);
    for (int i = maxTokens.length - 1; i >= 0; i--) {
      whole(
          body,
          maxTokens[i],
          sampling::setMaxTokens,
          (builder, most) -> builder.maxTokens(most).promptLogProbs(scored));
    }
    stops(body, sampling);
    stopTokens(body, sampling);
    logitBias(body, sampling);
    return sampling;
  }

  /** How many of the likeliest tokens are told, where a field says so. */
  static OptionalInt alternatives(Fields body, String name, SamplingParameters.Builder sampling) {
    whole(body, name, sampling::setTopLogProbs, Builder::topLogProbs);
    return body.whole(name);
  }

  private static void number(
      Fields body, String name, Consumer<Float> knob, BiFunction<Builder, Double, Builder> check) {
    body.number(name)
        .ifPresent(
            value -> {
              float narrow = (float) value;
              body.naming(name, check.apply(SamplingParams.builder(), (double) narrow)::build);
              knob.accept(narrow);
            });
  }

  private static void whole(
      Fields body,
      String name,
      Consumer<Integer> knob,
      BiFunction<Builder, Integer, Builder> check) {
    body.whole(name)
        .ifPresent(
            value -> {
              body.naming(name, check.apply(SamplingParams.builder(), value)::build);
              knob.accept(value);
            });
  }

  /** Whether the answer may wait for others: {@code "priority": "batch"}, which OpenAI lacks. */
  static Urgency urgency(Fields body) {
    String priority = body.text("priority").orElse("interactive");
    return switch (priority) {
      case "interactive" -> Urgency.USUAL;
      case "batch" -> new Urgency(Priority.BATCH, Optional.empty());
      default -> throw body.wrong("priority", "interactive or batch");
    };
  }

  /** How many answers to one prompt. */
  static int samples(Fields body) {
    int samples = body.whole("n").orElse(1);
    if (samples < 1 || samples > MOST_SAMPLES) {
      throw body.wrong("n", "1 to " + MOST_SAMPLES);
    }
    return samples;
  }

  private static void stops(Fields body, SamplingParameters.Builder sampling) {
    readStops(body, sampling);
    body.naming("stop", () -> Question.requireStops(sampling));
  }

  private static void readStops(Fields body, SamplingParameters.Builder sampling) {
    JsonNode stop = body.node("stop");
    if (stop.isTextual()) {
      sampling.addStop(stop.textValue());
      return;
    }
    if (!stop.isMissingNode() && !stop.isArray()) {
      throw body.wrong("stop", "a string or a list of strings");
    }
    for (JsonNode one : stop) {
      if (!one.isTextual()) {
        throw Fields.wrong("stop", one, "a string");
      }
      sampling.addStop(one.textValue());
    }
  }

  private static void stopTokens(Fields body, SamplingParameters.Builder sampling) {
    JsonNode tokens = body.node("stop_token_ids");
    if (!tokens.isMissingNode() && !tokens.isArray()) {
      throw body.wrong("stop_token_ids", "a list of token ids");
    }
    for (JsonNode token : tokens) {
      if (!Fields.isInt(token)) {
        throw Fields.wrong("stop_token_ids", token, "a token id");
      }
      sampling.addStopTokenIds(token.intValue());
    }
  }

  private static void logitBias(Fields body, SamplingParameters.Builder sampling) {
    body.object("logit_bias")
        .ifPresent(
            biases ->
                biases
                    .names()
                    .forEach(
                        token ->
                            putBias(body, sampling, tokenId(token), (float) bias(biases, token))));
  }

  private static void putBias(
      Fields body, SamplingParameters.Builder sampling, int token, float bias) {
    body.naming("logit_bias", SamplingParams.builder().logitBias(Map.of(token, bias))::build);
    sampling.putLogitBias(token, bias);
  }

  private static double bias(Fields biases, String token) {
    return biases.number(token).orElseThrow(() -> biases.wrong(token, "a number"));
  }

  private static int tokenId(String token) {
    try {
      return Integer.parseInt(token);
    } catch (NumberFormatException e) {
      throw new WrongRequest(
          "logit_bias",
          "invalid_value",
          "logit_bias: key '%s', expected a token id".formatted(token));
    }
  }
}
