package io.quartet.service;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.TinyCheckpoints;
import io.quartet.v1.StageProgress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StageRunTest {
  @TempDir Path folder;
  private final StepClock clock = new StepClock();
  private final StageRun run =
      new StageRun(StageTransitions.pending(Stage.BASE, "r", clock.now), clock);
  private final List<String> seen = new ArrayList<>();

  @Test
  void aWatcherSeesTheCurrentProgressThenEveryChange() {
    run.waits("waiting for base");
    run.watch(this::see);
    run.execute(this::publish);

    assertThat(seen).containsExactly("pending waiting for base", "running starting", "completed ");
  }

  @Test
  void stepsAreReportedFiveTimesASecondAndPhasesAndEndsAlways() {
    run.watch(this::see);
    run.execute(
        () -> {
          for (int step = 1; step <= 100; step++) {
            clock.now = clock.now.plusMillis(50);
            run.progress(step, 100, "training", Map.of());
          }
          run.progress(100, 100, "evaluating", Map.of());
          return publish();
        });

    assertThat(seen.stream().filter("running training"::equals)).hasSize(25);
    assertThat(seen).endsWith("running training", "running evaluating", "completed ");
  }

  @Test
  void aFailureIsTheFirstLineOfItsCause() {
    run.execute(
        () -> {
          throw new IllegalStateException("size mismatch\n  frame #1: at::native");
        });

    assertThat(run.progress().getFailure().getCode()).isEqualTo("INTERNAL");
    assertThat(run.progress().getFailure().getMessage()).isEqualTo("size mismatch");
  }

  @Test
  void cancellingARunningStageInterruptsItsWait() throws Exception {
    var started = new CountDownLatch(1);
    var executor = Executors.newSingleThreadExecutor();
    executor.execute(
        () ->
            run.execute(
                () -> {
                  started.countDown();
                  Thread.sleep(60_000);
                  return publish();
                }));
    started.await();

    StageProgress last = run.cancel().get(5, SECONDS);

    executor.shutdown();
    assertThat(StageTransitions.word(last)).isEqualTo("cancelled");
  }

  @Test
  void cancellingAPendingStageKeepsItFromStarting() throws Exception {
    run.cancel().get(1, SECONDS);
    run.execute(
        () -> {
          throw new AssertionError("it ran");
        });

    assertThat(StageTransitions.word(run.progress())).isEqualTo("cancelled");
  }

  @Test
  void aStoppedStageStaysUnfinished() {
    run.execute(
        () -> {
          run.stop();
          throw new QuartetException(ErrorCode.CANCELLED, "its service stops");
        });

    assertThat(StageTransitions.word(run.progress())).isEqualTo("running");
  }

  private boolean see(StageProgress progress) {
    return seen.add(StageTransitions.word(progress) + " " + progress.getPhase());
  }

  private io.quartet.checkpoint.Checkpoint publish() {
    return TinyCheckpoints.publish(
        new CheckpointStore(folder), new io.quartet.checkpoint.CheckpointId(Stage.BASE, "r", 1), 1);
  }

  private static final class StepClock extends Clock {
    private Instant now = Instant.EPOCH.plus(Duration.ofDays(1));

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }
}
