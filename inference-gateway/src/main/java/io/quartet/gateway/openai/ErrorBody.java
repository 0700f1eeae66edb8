package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A failure as OpenAI's API tells it: {@code {"error": {"message", "type", "param", "code"}}}.
 *
 * @param status of the HTTP response
 * @param param the request's field at fault, if it is one
 */
record ErrorBody(
    int status, String type, String code, @Nullable String param, @Nullable String message) {
  private static final String WRONG = "invalid_request_error";
  private static final String OURS = "server_error";
  private static final Duration AWHILE = Duration.ofSeconds(1);

  /** What a failure comes to; of a bug no more than that there was one. */
  static ErrorBody of(Throwable failure) {
    if (failure instanceof WrongRequest wrong) {
      int status = wrong.code().equals("unknown_url") ? 404 : 400;
      return new ErrorBody(status, WRONG, wrong.code(), wrong.param(), wrong.getMessage());
    }
    if (failure instanceof QuartetException known) {
      return of(known.code(), known.getMessage());
    }
    return of(ErrorCode.INTERNAL, "the gateway failed; its log says how");
  }

  /** How long to wait before another attempt; empty where none would help. */
  Optional<Duration> retryAfter(Throwable failure) {
    if (status != 429 && status != 503) {
      return Optional.empty();
    }
    return failure instanceof QuartetException known && known.retryAfter().isPresent()
        ? known.retryAfter()
        : Optional.of(AWHILE);
  }

  private static ErrorBody of(ErrorCode code, @Nullable String message) {
    return switch (code) {
      case INVALID_ARGUMENT, OUT_OF_RANGE, ALREADY_EXISTS ->
          new ErrorBody(400, WRONG, "invalid_value", null, message);
      case NOT_FOUND -> new ErrorBody(404, WRONG, "model_not_found", "model", message);
      case RESOURCE_EXHAUSTED ->
          new ErrorBody(429, "rate_limit_error", "rate_limit_exceeded", null, message);
      case UNAUTHENTICATED -> new ErrorBody(401, WRONG, "invalid_api_key", null, message);
      case PERMISSION_DENIED -> new ErrorBody(403, WRONG, "permission_denied", null, message);
      case CANCELLED -> new ErrorBody(499, OURS, "cancelled", null, message);
      case UNAVAILABLE -> new ErrorBody(503, OURS, "unavailable", null, message);
      case DEADLINE_EXCEEDED -> new ErrorBody(504, OURS, "timeout", null, message);
      case FAILED_PRECONDITION -> new ErrorBody(503, OURS, "failed_precondition", null, message);
      case DATA_LOSS -> new ErrorBody(500, OURS, "data_loss", null, message);
      case INTERNAL -> new ErrorBody(500, OURS, "internal_error", null, message);
    };
  }

  ObjectNode json() {
    var error =
        JsonNodeFactory.instance
            .objectNode()
            .put("message", message)
            .put("type", type)
            .put("param", param)
            .put("code", code);
    return JsonNodeFactory.instance.objectNode().set("error", error);
  }
}
