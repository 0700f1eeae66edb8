package io.quartet.gateway;

import static io.opentelemetry.semconv.ErrorAttributes.ERROR_TYPE;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_OPERATION_NAME;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_PROVIDER_NAME;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_REQUEST_FREQUENCY_PENALTY;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_REQUEST_MAX_TOKENS;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_REQUEST_MODEL;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_REQUEST_PRESENCE_PENALTY;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_REQUEST_SEED;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_REQUEST_TEMPERATURE;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_REQUEST_TOP_K;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_REQUEST_TOP_P;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_RESPONSE_FINISH_REASONS;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_RESPONSE_MODEL;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_USAGE_INPUT_TOKENS;
import static io.opentelemetry.semconv.incubating.GenAiIncubatingAttributes.GEN_AI_USAGE_OUTPUT_TOKENS;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.quartet.decoder.Generation;
import io.quartet.v1.SamplingParameters;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A span for each answer, from the decoder's queue to its last token, within the span of the call
 * that asks for it. Names and attributes are those of OpenTelemetry's semantic conventions for
 * generative AI; what was asked and answered is in none.
 */
final class AnswerSpans {
  private final Tracer tracer;

  AnswerSpans(Tracer tracer) {
    this.tracer = tracer;
  }

  /**
   * An answer that the decoder is about to take; on the thread that serves the call.
   *
   * @param model as the question names it
   * @param operation as {@link Terms#operation}
   * @param sampling every value in force
   */
  AnswerSpan begin(
      ServedModel served,
      String model,
      String operation,
      SamplingParameters sampling,
      int promptTokens) {
    return new AnswerSpan(
        tracer
            .spanBuilder(operation + " " + model)
            .setAttribute(GEN_AI_OPERATION_NAME, operation)
            .setAttribute(GEN_AI_PROVIDER_NAME, GatewayMetrics.PROVIDER)
            .setAttribute(GEN_AI_REQUEST_MODEL, model)
            .setAttribute(GEN_AI_RESPONSE_MODEL, served.checkpoint().id().toString())
            .setAttribute(GEN_AI_REQUEST_MAX_TOKENS, (long) sampling.getMaxTokens())
            .setAttribute(GEN_AI_REQUEST_TEMPERATURE, (double) sampling.getTemperature())
            .setAttribute(GEN_AI_REQUEST_TOP_P, (double) sampling.getTopP())
            .setAttribute(GEN_AI_REQUEST_TOP_K, (double) sampling.getTopK())
            .setAttribute(GEN_AI_REQUEST_PRESENCE_PENALTY, (double) sampling.getPresencePenalty())
            .setAttribute(GEN_AI_REQUEST_FREQUENCY_PENALTY, (double) sampling.getFrequencyPenalty())
            .setAttribute(GEN_AI_REQUEST_SEED, sampling.getSeed())
            .setAttribute(GEN_AI_USAGE_INPUT_TOKENS, (long) promptTokens)
            .startSpan());
  }

  /** One answer's. Told of one thing after the other. */
  record AnswerSpan(Span span) {
    /** Its first token came. */
    void firstToken() {
      span.addEvent("first token");
    }

    /**
     * The decoder has nothing more to do with it.
     *
     * @param outcome a finish reason, or a gRPC status
     * @param effort where the time went; null if it failed
     */
    void decoded(String outcome, int completionTokens, Generation.@Nullable Effort effort) {
      span.setAttribute(GEN_AI_USAGE_OUTPUT_TOKENS, (long) completionTokens);
      if (effort == null) {
        span.setAttribute(ERROR_TYPE, outcome).setStatus(StatusCode.ERROR);
      } else {
        span.setAttribute(GEN_AI_RESPONSE_FINISH_REASONS, List.of(outcome));
        seconds("queue", effort.queued());
        effort.prefill().ifPresent(prefill -> seconds("prefill", prefill));
        effort.decode().ifPresent(decode -> seconds("decode", decode));
      }
      span.end();
    }

    private void seconds(String what, Duration time) {
      span.setAttribute("quartet.gateway." + what + ".seconds", time.toNanos() / 1e9);
    }
  }
}
