package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.v1.SamplingParameters;

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
    body.whole("top_k").ifPresent(sampling::setTopK);
    body.wholeLong("seed").ifPresent(sampling::setSeed);
    for (int i = maxTokens.length - 1; i >= 0; i--) {
      body.whole(maxTokens[i]).ifPresent(sampling::setMaxTokens);
    }
    stops(body, sampling);
    return sampling;
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
}
