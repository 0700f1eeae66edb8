package io.quartet.service;

import static io.quartet.service.StageTransitions.terminal;
import static io.quartet.v1.StageState.STAGE_STATE_PENDING;
import static io.quartet.v1.StageState.STAGE_STATE_RUNNING;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.v1.StageProgress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** One stage of one run: its state, who watches it, and the thread that works on it. */
final class StageRun implements StageSignals {
  private static final Logger LOG = Logger.getLogger(StageRun.class);

  /** Time between two reports within one phase; every other change is reported at once. */
  static final Duration REPORT_EVERY = Duration.ofMillis(200);

  /** The stage's work, from fetching its inputs to publishing its checkpoint. */
  interface Work {
    Checkpoint run() throws InterruptedException;
  }

  /** Sees every reported progress, in order; quick and never blocking. */
  interface Watcher {
    /** Whether it wants to see the next one. */
    boolean see(StageProgress progress);
  }

  private final Clock clock;
  private final List<Watcher> watchers = new ArrayList<>();
  private final CompletableFuture<StageProgress> ended = new CompletableFuture<>();
  private StageProgress progress;
  private Instant reported = Instant.MIN;
  private @Nullable Thread worker;
  private volatile boolean cancelled;
  private volatile boolean stopping;

  StageRun(StageProgress progress, Clock clock) {
    this.progress = progress;
    this.clock = clock;
    if (terminal(progress.getState())) {
      ended.complete(progress);
    }
  }

  synchronized StageProgress progress() {
    return progress;
  }

  /** Shows the progress as it is, then each change. */
  synchronized void watch(Watcher watcher) {
    if (watcher.see(progress)) {
      watchers.add(watcher);
    }
  }

  /** Says what a pending stage waits for. */
  synchronized void waits(String phase) {
    if (progress.getState() == STAGE_STATE_PENDING && !progress.getPhase().equals(phase)) {
      on(new StageEvent.Waits(phase));
    }
  }

  /** Ends a pending stage that can never run. */
  synchronized void fail(Throwable cause) {
    on(new StageEvent.Failed(Failures.code(cause), Failures.firstLine(cause)));
  }

  /** Works on the calling thread until the stage has ended, or the process stops. */
  void execute(Work work) {
    synchronized (this) {
      if (progress.getState() != STAGE_STATE_PENDING || stopping) {
        return;
      }
      worker = Thread.currentThread();
      on(new StageEvent.Started("starting"));
    }
    StageEvent end;
    try {
      end = new StageEvent.Completed(work.run().id());
    } catch (InterruptedException | RuntimeException | Error e) {
      if (stopping && !cancelled) {
        LOG.infof("%s stopped at step %d; it continues from there", name(), progress().getStep());
        return;
      }
      end = ending(e);
    }
    synchronized (this) {
      worker = null;
      Thread.interrupted(); // a cancellation that came too late must not hit what follows
      on(end);
    }
  }

  private StageEvent ending(Throwable e) {
    if (cancelled) {
      return new StageEvent.Cancelled();
    }
    switch (Failures.code(e)) {
      case INTERNAL, RESOURCE_EXHAUSTED -> LOG.errorf(e, "%s failed", name());
      default -> LOG.errorf("%s failed: %s", name(), Failures.firstLine(e));
    }
    return new StageEvent.Failed(Failures.code(e), Failures.firstLine(e));
  }

  /** Calls the stage off. Completes with its last progress, which may be another ending. */
  synchronized CompletableFuture<StageProgress> cancel() {
    cancelled = true;
    if (progress.getState() == STAGE_STATE_PENDING) {
      on(new StageEvent.Cancelled());
    } else if (worker != null) {
      worker.interrupt();
    }
    return ended.copy();
  }

  /** The process goes down: the stage leaves at its next progress and stays unfinished. */
  void stop() {
    stopping = true;
  }

  @Override
  public synchronized void progress(long step, long of, String phase, Map<String, Double> metrics) {
    if (progress.getState() == STAGE_STATE_RUNNING) {
      on(new StageEvent.Progressed(step, of, phase, metrics));
    }
  }

  /** Adds a metric to where the stage stands. */
  synchronized void measured(String metric, double value) {
    progress(
        progress.getStep(), progress.getTotalSteps(), progress.getPhase(), Map.of(metric, value));
  }

  @Override
  public boolean cancelled() {
    return cancelled;
  }

  @Override
  public boolean stopping() {
    return stopping;
  }

  private void on(StageEvent event) {
    Instant now = clock.instant();
    StageProgress before = progress;
    progress = StageTransitions.next(before, event, now);
    boolean sameAsBefore =
        before.getState() == progress.getState() && before.getPhase().equals(progress.getPhase());
    if (sameAsBefore && now.isBefore(reported.plus(REPORT_EVERY))) {
      return;
    }
    reported = now;
    watchers.removeIf(watcher -> !watcher.see(progress));
    if (terminal(progress.getState())) {
      ended.complete(progress);
    }
  }

  private String name() {
    return Stages.of(progress().getStage()).label() + " stage of run '" + progress().getRun() + "'";
  }
}
