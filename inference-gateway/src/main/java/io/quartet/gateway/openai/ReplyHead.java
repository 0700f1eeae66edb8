package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;

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
   */
  ObjectNode body(String fingerprint, ArrayNode choices) {
    ObjectNode body =
        JsonNodeFactory.instance
            .objectNode()
            .put("id", id)
            .put("object", object)
            .put("created", created.getEpochSecond())
            .put("model", model)
            .put("system_fingerprint", fingerprint);
    return body.set("choices", choices);
  }
}
