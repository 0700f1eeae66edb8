package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.decoder.ScoredToken;
import io.quartet.gateway.AnswerSink;
import io.quartet.v1.FinishReason;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One element of {@code choices}, in the words of one of the two APIs. Used by one thread. */
interface Choice {
  /** What is said before any text, if anything. */
  Optional<ObjectNode> begin(AnswerSink.Beginning beginning);

  /** The prompt's tokens from the second on, told with the next piece. */
  void prompt(List<ScoredToken> tokens);

  /** A piece of a stream; nothing where its tokens are neither text nor asked for. */
  Optional<ObjectNode> part(String text, List<ScoredToken> tokens);

  /** The end of a stream. */
  ObjectNode end(FinishReason reason);

  /** The answer at once. */
  ObjectNode whole(String text, List<ScoredToken> tokens, FinishReason reason);

  /** OpenAI's word for the end; null while there is none. */
  static @Nullable String word(FinishReason reason) {
    return switch (reason) {
      case FINISH_REASON_STOP -> "stop";
      case FINISH_REASON_LENGTH, FINISH_REASON_TIME_LIMIT -> "length";
      case FINISH_REASON_UNSPECIFIED, FINISH_REASON_CANCELLED, UNRECOGNIZED -> null;
    };
  }
}
