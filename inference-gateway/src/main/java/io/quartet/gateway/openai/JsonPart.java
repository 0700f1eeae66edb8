package io.quartet.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.stream.Stream;

/** A part of a JSON text, written when its turn comes: a long text is never there as a whole. */
interface JsonPart {
  /** Writes it after the parts before it. */
  void write(JsonGenerator json) throws IOException;

  /** Parts in their order. */
  static Stream<JsonPart> of(JsonPart... parts) {
    return Stream.of(parts);
  }

  /** One part, others, and one more. */
  static Stream<JsonPart> around(JsonPart beginning, Stream<JsonPart> middle, JsonPart end) {
    return Stream.concat(Stream.concat(of(beginning), middle), of(end));
  }

  /** A field with a value that is there already. */
  static JsonPart field(String name, ObjectNode value) {
    return json -> {
      json.writeFieldName(name);
      json.writeTree(value);
    };
  }
}
