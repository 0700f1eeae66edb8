package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.decoder.Priority;
import io.quartet.gateway.Urgency;
import io.quartet.v1.SamplingParameters;
import java.util.Optional;

/** The sampling knobs among a request's fields, OpenAI's and those that others have added. */
final class SamplingFields {
  private static final int MOST_SAMPLES = 64;

  private SamplingFields() {}

  /**
   * Reads the knobs; what values they may have is the gateway's affair.
   *
   * @param maxTokens the names of the limit of the answer's length; the first one that is there
   *     counts
   */
  static SamplingParameters.Builder of(Fields body, String... maxTokens) {
    var sampling = SamplingParameters.newBuilder();
    body.number("temperature").ifPresent(value -> sampling.setTemperature((float) value));
    body.number("top_p").ifPresent(value -> sampling.setTopP((float) value));
    body.number("presence_penalty").ifPresent(value -> sampling.setPresencePenalty((float) value));
    body.number("frequency_penalty")
        .ifPresent(value -> sampling.setFrequencyPenalty((float) value));
    body.whole("top_k").ifPresent(sampling::setTopK);
    body.number("min_p").ifPresent(value -> sampling.setMinP((float) value));
    body.number("repetition_penalty")
        .ifPresent(value -> sampling.setRepetitionPenalty((float) value));
    body.wholeLong("seed").ifPresent(sampling::setSeed);
    for (int i = maxTokens.length - 1; i >= 0; i--) {
      body.whole(maxTokens[i]).ifPresent(sampling::setMaxTokens);
    }
    stops(body, sampling);
    stopTokens(body, sampling);
    logitBias(body, sampling);
    return sampling;
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
                            sampling.putLogitBias(tokenId(token), (float) bias(biases, token))));
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
