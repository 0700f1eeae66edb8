package io.quartet.gateway;

import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.Tracer;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.MemorySize;
import io.quartet.decoder.DecoderOptions;
import io.quartet.gateway.access.KeyRing;
import io.quartet.service.CheckpointExchange;
import io.quartet.service.Events;
import io.quartet.service.ServiceConfig;
import io.quartet.service.Topic;
import io.quartet.v1.CheckpointPublished;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** The gateway's objects as beans, and their beginning and end. */
@Singleton
public class GatewayBeans {
  private static final Logger LOG = Logger.getLogger(GatewayBeans.class);
  private static final int TEXT_THREADS = 2;

  /** How long those that are cut off may take to hear of it. */
  private static final Duration LAST_WORDS = Duration.ofSeconds(2);

  private final GatewayHealth health = new GatewayHealth();
  private final ModelCatalog catalog;
  private final ModelLoader loader;
  private final Answering answering;
  private final ExecutorService executor;
  private final KeyRing keys;
  private final Intake intake = new Intake(Runtime.getRuntime().maxMemory());
  private final Duration drain;
  private final RewardServices rewards;

  GatewayBeans(
      GatewayConfig config,
      ServiceConfig service,
      CheckpointExchange exchange,
      MeterRegistry registry,
      Tracer tracer) {
    int processors = Runtime.getRuntime().availableProcessors();
    var options =
        new DecoderOptions(
            config.slots(),
            config.threads().orElse(processors),
            config.precision(),
            config.prefixCache().asLongValue(),
            config.dedicatedCores(),
            config.context().orElse(Integer.MAX_VALUE));
    drain = config.drain();
    keys = config.keys().map(file -> KeyRing.of(file, System::nanoTime)).orElseGet(KeyRing::none);
    catalog =
        new ModelCatalog(
            new ModelMemory(
                config.memory().map(MemorySize::asLongValue).orElseGet(ModelMemory::ofMachine)),
            Clock.systemUTC(),
            health::settled);
    var metrics = new GatewayMetrics(registry);
    rewards = new RewardServices(intake, metrics);
    var room = new WaitingRoom(config.waiting(), config.waitingTokens());
    var copies = new LocalCopies(exchange, service.home().resolve("fetched.txt"));
    loader = new ModelLoader(catalog, copies, options, room, metrics);
    executor =
        Executors.newFixedThreadPool(
            TEXT_THREADS,
            task -> {
              var thread = new Thread(task, "answers");
              thread.setDaemon(true);
              return thread;
            });
    answering = new Answering(catalog, metrics, new AnswerSpans(tracer), intake, executor);
  }

  @Produces
  @Singleton
  GatewayHealth health() {
    return health;
  }

  @Produces
  @Singleton
  ModelCatalog catalog() {
    return catalog;
  }

  @Produces
  @Singleton
  SharedRoutes routes(Events events) {
    return new SharedRoutes(catalog, events);
  }

  @Produces
  @Singleton
  Intake intake() {
    return intake;
  }

  @Produces
  @Singleton
  KeyRing keys() {
    return keys;
  }

  @Produces
  @Singleton
  Answering answering() {
    return answering;
  }

  @Produces
  @Singleton
  RewardServices rewards() {
    return rewards;
  }

  void start(@Observes StartupEvent event, Events events, SharedRoutes routes) {
    loader.start();
    CompletableFuture.allOf(
            events.follow(Topic.CHECKPOINTS, this::announced).caughtUp(), routes.follow())
        .thenRun(catalog::caughtUp);
  }

  private void announced(CheckpointPublished announcement) {
    catalog.announce(announcement);
    rewards.announce(announcement);
  }

  /**
   * First nobody sends more, then whoever is being answered hears it all, within the grace period.
   * This event comes before Quarkus closes its servers, ShutdownEvent after.
   */
  void drain(@Observes ShutdownDelayInitiatedEvent event) throws InterruptedException {
    health.stopping();
    intake.close();
    int calls = intake.await(drain);
    if (calls > 0) {
      LOG.warnf(
          "%d call%s did not end within %s and %s cut off",
          calls, calls == 1 ? "" : "s", drain, calls == 1 ? "is" : "are");
    }
  }

  void stop(@Observes ShutdownEvent event) throws InterruptedException {
    intake.close();
    loader.close();
    catalog.close();
    executor.shutdown();
    executor.awaitTermination(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
    rewards.close();
  }
}
