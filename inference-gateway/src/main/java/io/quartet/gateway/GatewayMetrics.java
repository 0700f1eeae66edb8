package io.quartet.gateway;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.Stage;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The gateway's meters, tagged by stage: {@code quartet.gateway.requests} by outcome (a gRPC
 * status), {@code .tokens} by kind (prompt, completion), {@code .time.to.first.token}, {@code
 * .duration}, {@code .running} and {@code .waiting}.
 */
final class GatewayMetrics {
  private static final String REQUESTS = "quartet.gateway.requests";
  private static final String TOKENS = "quartet.gateway.tokens";

  private final MeterRegistry registry;
  private final Map<Stage, AtomicInteger> running = new EnumMap<>(Stage.class);
  private final Map<Stage, AtomicInteger> waiting = new EnumMap<>(Stage.class);

  GatewayMetrics(MeterRegistry registry) {
    this.registry = registry;
    for (Stage stage : Stage.values()) {
      running.put(stage, gauge("quartet.gateway.running", "Answers that grow", stage));
      waiting.put(
          stage, gauge("quartet.gateway.waiting", "Requests without their first token", stage));
    }
  }

  /** A request that was turned away before the decoder saw it. */
  void refused(ErrorCode code) {
    requests("none", code.name()).increment();
  }

  /** A request that the decoder is about to take. */
  Request begin(Stage stage, int promptTokens) {
    return new Request(stage, promptTokens);
  }

  private Counter requests(String stage, String outcome) {
    return Counter.builder(REQUESTS)
        .description("Requests by their outcome")
        .tags("stage", stage, "outcome", outcome)
        .register(registry);
  }

  private void tokens(Stage stage, String kind, int count) {
    Counter.builder(TOKENS)
        .description("Tokens read and written")
        .tags("stage", stage.label(), "kind", kind)
        .register(registry)
        .increment(count);
  }

  private void time(String name, String description, Stage stage, long sinceNanos) {
    Timer.builder(name)
        .description(description)
        .tag("stage", stage.label())
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(1))
        .maximumExpectedValue(Duration.ofMinutes(1))
        .register(registry)
        .record(Duration.ofNanos(System.nanoTime() - sinceNanos));
  }

  private AtomicInteger gauge(String name, String description, Stage stage) {
    var value = new AtomicInteger();
    Gauge.builder(name, value, AtomicInteger::get)
        .description(description)
        .tag("stage", stage.label())
        .register(registry);
    return value;
  }

  private static AtomicInteger of(Map<Stage, AtomicInteger> gauges, Stage stage) {
    AtomicInteger gauge = gauges.get(stage);
    if (gauge == null) {
      throw new IllegalStateException("no gauge for " + stage);
    }
    return gauge;
  }

  /** One request, from the decoder's queue to its last token. */
  final class Request implements Answer.Progress {
    private final Stage stage;
    private final int promptTokens;
    private final long begun = System.nanoTime();
    private boolean growing;

    Request(Stage stage, int promptTokens) {
      this.stage = stage;
      this.promptTokens = promptTokens;
      of(waiting, stage).incrementAndGet();
    }

    /** The decoder did not take it after all. */
    void withdrawn() {
      of(waiting, stage).decrementAndGet();
    }

    @Override
    public void firstToken() {
      growing = true;
      of(waiting, stage).decrementAndGet();
      of(running, stage).incrementAndGet();
      tokens(stage, "prompt", promptTokens);
      time("quartet.gateway.time.to.first.token", "Request to first token", stage, begun);
    }

    @Override
    public void decoded(String outcome, int completionTokens) {
      of(growing ? running : waiting, stage).decrementAndGet();
      tokens(stage, "completion", completionTokens);
      time("quartet.gateway.duration", "Request to last token", stage, begun);
      requests(stage.label(), outcome).increment();
    }
  }
}
