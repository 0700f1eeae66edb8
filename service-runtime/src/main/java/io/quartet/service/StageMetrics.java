package io.quartet.service;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * The stage's progress as meters, tagged by stage: {@code quartet.stage.step}, {@code .total},
 * {@code .loss} and {@code .reward} are of the run under way; {@code .tokens} and {@code .seconds}
 * count over all runs; {@code .ended} counts runs by their ending.
 */
@ApplicationScoped
public class StageMetrics implements Consumer<StageProgress> {
  private final MeterRegistry registry;
  private final Map<io.quartet.v1.Stage, Meters> stages = new ConcurrentHashMap<>();

  /**
   * @param registry where the meters are
   */
  public StageMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void accept(StageProgress progress) {
    stages.computeIfAbsent(progress.getStage(), Meters::new).accept(progress);
  }

  private final class Meters {
    private final String stage;
    private final DoubleAdder tokens = new DoubleAdder();
    private final DoubleAdder seconds = new DoubleAdder();
    private volatile StageProgress latest = StageProgress.getDefaultInstance();

    Meters(io.quartet.v1.Stage stage) {
      this.stage = Stages.of(stage).label();
      gauge("quartet.stage.step", "Steps done by the run under way", StageProgress::getStep);
      gauge("quartet.stage.total", "Steps of the run under way", StageProgress::getTotalSteps);
      gauge("quartet.stage.loss", "Latest training loss", metric("loss"));
      gauge("quartet.stage.reward", "Latest mean reward", metric("reward"));
      counter("quartet.stage.tokens", "Tokens trained", tokens);
      counter("quartet.stage.seconds", "Time spent in running stages", seconds);
    }

    private synchronized void accept(StageProgress progress) {
      if (latest.getRun().equals(progress.getRun())
          && latest.getState() == StageState.STAGE_STATE_RUNNING) {
        tokens.add(Math.max(0, value(progress, "tokens") - value(latest, "tokens")));
        seconds.add(Math.max(0, time(progress) - time(latest)));
      }
      latest = progress;
      if (StageTransitions.terminal(progress.getState())) {
        Counter.builder("quartet.stage.ended")
            .description("Runs of the stage by their ending")
            .tags("stage", stage, "state", StageTransitions.word(progress))
            .register(registry)
            .increment();
      }
    }

    private void gauge(String name, String description, ToDoubleFunction<StageProgress> value) {
      Gauge.builder(name, () -> value.applyAsDouble(latest))
          .description(description)
          .tag("stage", stage)
          .register(registry);
    }

    private void counter(String name, String description, DoubleAdder sum) {
      FunctionCounter.builder(name, sum, DoubleAdder::sum)
          .description(description)
          .tag("stage", stage)
          .register(registry);
    }
  }

  private static ToDoubleFunction<StageProgress> metric(String name) {
    return progress -> progress.getMetricsOrDefault(name, Double.NaN);
  }

  private static double value(StageProgress progress, String name) {
    return progress.getMetricsOrDefault(name, 0);
  }

  private static double time(StageProgress progress) {
    return progress.getUpdated().getSeconds() + progress.getUpdated().getNanos() * 1e-9;
  }
}
