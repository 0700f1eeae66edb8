package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.v1.SamplingParameters;
import java.time.Instant;
import java.util.stream.Stream;

/**
 * What every JSON of one response begins with.
 *
 * @param model as the caller named it
 */
record ReplyHead(String id, String object, Instant created, String model) {
  /**
   * A body with some choices.
   *
   * @param fingerprint the checkpoint whose weights answer
   * @param more fields
   */
  Stream<JsonPart> body(String fingerprint, Stream<JsonPart> choices, JsonPart more) {
    return JsonPart.around(
        json -> {
          json.writeStartObject();
          json.writeStringField("id", id);
          json.writeStringField("object", object);
          json.writeNumberField("created", created.getEpochSecond());
          json.writeStringField("model", model);
          json.writeStringField("system_fingerprint", fingerprint);
          json.writeArrayFieldStart("choices");
        },
        choices,
        json -> {
          json.writeEndArray();
          more.write(json);
          json.writeEndObject();
        });
  }

  /**
   * What a request must say to have the same answers again, under the names that it has there.
   *
   * @param effective the knobs in force for one of the answers
   * @param sample which of the answers to its prompt that is
   */
  static ObjectNode again(SamplingParameters effective, int sample) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("seed", effective.getSeed() - sample)
        .put("temperature", effective.getTemperature())
        .put("top_k", effective.getTopK())
        .put("top_p", effective.getTopP())
        .put("min_p", effective.getMinP())
        .put("repetition_penalty", effective.getRepetitionPenalty())
        .put("presence_penalty", effective.getPresencePenalty())
        .put("frequency_penalty", effective.getFrequencyPenalty());
  }
}
