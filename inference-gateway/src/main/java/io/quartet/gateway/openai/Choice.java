package io.quartet.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import io.quartet.decoder.ScoredToken;
import io.quartet.gateway.AnswerSink;
import io.quartet.v1.FinishReason;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One element of {@code choices}, in the words of one of the two APIs. Used by one thread. */
interface Choice {
  /** The answer begins; what a stream says before any text, if anything. */
  Optional<Stream<JsonPart>> begin(AnswerSink.Beginning beginning);

  /** A piece of a stream with scored tokens of the prompt; nothing where they have no place. */
  Optional<Stream<JsonPart>> prompt(List<ScoredToken> tokens);

  /** A piece of a stream; nothing where its tokens are neither text nor asked for. */
  Optional<Stream<JsonPart>> part(String text, List<ScoredToken> tokens);

  /** The end of a stream. */
  Stream<JsonPart> end(FinishReason reason);

  /**
   * The answer at once.
   *
   * @param prompt its scored tokens
   */
  Stream<JsonPart> whole(
      List<ScoredToken> prompt, String text, List<ScoredToken> tokens, FinishReason reason);

  /**
   * A choice as both APIs write it.
   *
   * @param said the fields before {@code logprobs}
   * @param logProbs null where they are not told
   * @param finishReason null while there is none
   */
  static Stream<JsonPart> framed(
      JsonPart said, @Nullable Stream<JsonPart> logProbs, @Nullable String finishReason) {
    return JsonPart.around(
        json -> {
          json.writeStartObject();
          said.write(json);
          json.writeFieldName("logprobs");
        },
        logProbs == null ? JsonPart.of(JsonGenerator::writeNull) : logProbs,
        json -> {
          json.writeStringField("finish_reason", finishReason);
          json.writeEndObject();
        });
  }

  /** OpenAI's word for the end; null while there is none. */
  static @Nullable String word(FinishReason reason) {
    return switch (reason) {
      case FINISH_REASON_STOP -> "stop";
      case FINISH_REASON_LENGTH, FINISH_REASON_TIME_LIMIT -> "length";
      case FINISH_REASON_UNSPECIFIED, FINISH_REASON_CANCELLED, UNRECOGNIZED -> null;
    };
  }
}
