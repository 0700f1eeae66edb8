package io.quartet.gateway;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.decoder.EngineLoad;
import io.quartet.decoder.Generation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's meters. Those that OpenTelemetry's semantic conventions for generative AI name have
 * those names, {@code gen_ai.server.*}; the others begin with {@code quartet.gateway} and are
 * tagged by stage and model. docs/operating.md has the table.
 */
final class GatewayMetrics {
  /** Who gives the answers, in the words of OpenTelemetry. */
  static final String PROVIDER = "quartet";

  /** The outcome of a call that was answered. */
  static final String OK = "OK";

  private static final String OURS = "quartet.gateway.";
  private static final Tags NOBODYS = Tags.of("stage", "none", FreedModels.MODEL, "none");

  private static final Duration[] SECONDS =
      millis(1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000);
  private static final Duration[] TOKEN =
      millis(.25, .5, 1, 2.5, 5, 10, 25, 50, 75, 100, 150, 250, 500, 1000);

  private final MeterRegistry registry;
  private final Map<String, ServedModel> models = new ConcurrentHashMap<>(); // by id
  private final FreedModels freed;

  GatewayMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.freed = new FreedModels(registry);
  }

  /** A question that was turned away before anybody knew which model it is for. */
  void refused(ErrorCode code) {
    requests(NOBODYS, code.name());
  }

  /**
   * A question that a model turned away, or the gateway for it, before the decoder saw it.
   *
   * @param id the model's; it counts for none if it is not in memory
   */
  void refused(String id, ErrorCode code) {
    @Nullable ServedModel model = models.get(id);
    requests(model == null ? NOBODYS : tags(model), code.name());
  }

  /**
   * A call that takes no decoder is over.
   *
   * @param outcome {@link #OK} or a gRPC status
   */
  void called(String service, String outcome) {
    Counter.builder(OURS + "calls")
        .description("Calls that take no decoder, by how they ended")
        .tags("service", service, "outcome", outcome)
        .register(registry)
        .increment();
  }

  /** What readers have still to take. */
  void observe(Unread unread) {
    Gauge.builder(OURS + "unread.tokens", unread::tokens)
        .description("Tokens and alternatives that readers have still to take")
        .register(registry);
  }

  /** What a model has to do, as long as it is in memory; the result ends it. */
  Runnable observe(ServedModel model) {
    String id = model.checkpoint().id().toString();
    Tags tags = tags(model);
    // A checkpoint that was trained again has the same name: its meters go over to the new weights.
    models.put(id, model);
    freed.back(id);
    List<Meter> meters =
        List.of(
            gauge(id, tags, "requests.running", "Answers that grow", EngineLoad::running),
            gauge(
                id, tags, "requests.waiting", "Requests that wait for a slot", EngineLoad::waiting),
            gauge(
                id,
                tags,
                "kv.cache.usage",
                "Share of the keys and values of all slots that is in use",
                load -> (double) load.cacheTokens() / load.cacheCapacity()),
            counter(
                id,
                tags,
                "prefix.cache.queries",
                "Prompt tokens that were looked for in the prefix cache",
                load -> load.totals().prefixQueried()),
            counter(
                id,
                tags,
                "prefix.cache.hits",
                "Prompt tokens that were found in the prefix cache",
                load -> load.totals().prefixHit()),
            Gauge.builder(OURS + "model.memory", () -> of(id, ServedModel::bytes))
                .description("What the model holds in memory")
                .baseUnit("bytes")
                .tags(tags)
                .register(registry));
    return () -> {
      if (models.remove(id, model)) {
        meters.forEach(registry::remove);
        freed.freed(id);
      }
    };
  }

  /**
   * A request that the decoder is about to take.
   *
   * @param operation as {@link Terms#operation}
   * @param promptTokens that count for it: none where another sample's do
   * @param asked when it came, as {@link System#nanoTime} counts
   */
  Request begin(ServedModel model, String operation, int promptTokens, long asked) {
    return new Request(model, operation, promptTokens, asked);
  }

  private Meter gauge(
      String id, Tags tags, String name, String description, ToDoubleFunction<EngineLoad> value) {
    return Gauge.builder(OURS + name, () -> load(id, value))
        .description(description)
        .tags(tags)
        .register(registry);
  }

  private Meter counter(
      String id, Tags tags, String name, String description, ToDoubleFunction<EngineLoad> value) {
    return FunctionCounter.builder(OURS + name, this, metrics -> metrics.load(id, value))
        .description(description)
        .tags(tags)
        .register(registry);
  }

  private double load(String id, ToDoubleFunction<EngineLoad> value) {
    return of(id, model -> value.applyAsDouble(model.engine().load()));
  }

  private double of(String id, ToDoubleFunction<ServedModel> value) {
    @Nullable ServedModel model = models.get(id);
    return model == null ? 0 : value.applyAsDouble(model);
  }

  private static Tags tags(ServedModel model) {
    var id = model.checkpoint().id();
    return Tags.of("stage", id.stage().label(), FreedModels.MODEL, id.toString());
  }

  private void requests(Tags tags, String outcome) {
    Counter.builder(OURS + "requests")
        .description("Requests by how they ended: a finish reason, or a gRPC status")
        .tags(tags)
        .tag("outcome", outcome)
        .register(registry)
        .increment();
  }

  private static Duration[] millis(double... buckets) {
    Duration[] durations = new Duration[buckets.length];
    for (int i = 0; i < buckets.length; i++) {
      durations[i] = Duration.ofNanos(Math.round(buckets[i] * 1e6));
    }
    return durations;
  }

  /** One request, from the decoder's queue to its last token. */
  final class Request {
    private final Tags tags;
    private final Tags conventional;
    private final int promptTokens;
    private final Timer gaps;
    private final long asked;
    private long lastToken; // nanoseconds; 0 before the first; the decoder's thread's

    private Request(ServedModel model, String operation, int promptTokens, long asked) {
      this.tags = tags(model);
      var id = model.checkpoint().id();
      this.conventional =
          Tags.of(
              "gen_ai.operation.name",
              operation,
              "gen_ai.provider.name",
              PROVIDER,
              "gen_ai.request.model",
              id.stage().label(),
              FreedModels.RESPONSE_MODEL,
              id.toString());
      this.promptTokens = promptTokens;
      this.asked = asked;
      this.gaps =
          histogram(
              OURS + "inter.token.latency", "Between one token and the next", TOKEN, this.tags);
    }

    /**
     * Tokens of its prompt that were read, as far as they count for it.
     *
     * @param effort as for {@link #decoded}; where there is none a token tells that it was read
     */
    int promptTokens(int completionTokens, Generation.@Nullable Effort effort) {
      boolean read = effort == null ? completionTokens > 0 : effort.prefill().isPresent();
      return read ? promptTokens : 0;
    }

    /** A token came, on the decoder's thread. */
    void token() {
      long now = System.nanoTime();
      if (lastToken != 0) {
        gaps.record(now - lastToken, TimeUnit.NANOSECONDS);
      }
      lastToken = now;
    }

    /** Its first token is read. */
    void firstToken() {
      Duration since = Duration.ofNanos(System.nanoTime() - asked);
      conventional("gen_ai.server.time_to_first_token", "Request to first token", SECONDS, since);
    }

    /**
     * The decoder has nothing more to do with it.
     *
     * @param outcome a finish reason, or a gRPC status
     * @param effort where the time went; null if it failed
     */
    void decoded(String outcome, int completionTokens, Generation.@Nullable Effort effort) {
      requests(tags, outcome);
      tokens("prompt.tokens", "Tokens of prompts", promptTokens(completionTokens, effort));
      tokens("generation.tokens", "Tokens of answers", completionTokens);
      Duration since = Duration.ofNanos(System.nanoTime() - asked);
      conventional("gen_ai.server.request.duration", "Request to last token", SECONDS, since);
      if (effort == null) {
        return;
      }
      time("queue.time", "Waiting for a slot", effort.queued());
      effort.prefill().ifPresent(prefill -> time("prefill.time", "Reading the prompt", prefill));
      effort.decode().ifPresent(decode -> grew(decode, completionTokens));
    }

    private void grew(Duration decode, int completionTokens) {
      time("decode.time", "First token to last", decode);
      if (completionTokens > 1) {
        Duration each = decode.dividedBy(completionTokens - 1);
        conventional(
            "gen_ai.server.time_per_output_token", "Between two tokens, the mean", TOKEN, each);
      }
    }

    private void tokens(String name, String description, int count) {
      Counter.builder(OURS + name)
          .description(description)
          .tags(tags)
          .register(registry)
          .increment(count);
    }

    private void time(String name, String description, Duration time) {
      histogram(OURS + name, description, SECONDS, tags).record(time);
    }

    private void conventional(String name, String description, Duration[] buckets, Duration time) {
      histogram(name, description, buckets, conventional).record(time);
    }

    private Timer histogram(String name, String description, Duration[] buckets, Tags labels) {
      return Timer.builder(name)
          .description(description)
          .tags(labels)
          .serviceLevelObjectives(buckets)
          .register(registry);
    }
  }
}
