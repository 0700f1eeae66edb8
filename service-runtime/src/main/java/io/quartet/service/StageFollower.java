package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;
import static io.quartet.v1.StageState.STAGE_STATE_RUNNING;

import io.quartet.checkpoint.QuartetException;
import io.quartet.recipe.Recipe;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A process that trains along with the one of rank 0 and publishes nothing. {@code
 * quartet.progress} says which run the leader is in and {@code quartet.runs} what it is; where both
 * meet is the stage's affair. Whatever befalls it, it follows again as long as the leader is in the
 * run.
 */
final class StageFollower implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(StageFollower.class);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final TrainingStage stage;
  private final Replica replica;
  private final CheckpointExchange exchange;
  private final Events events;
  private final StageInputs inputs;
  private final Thread thread;
  private final Map<String, RunSubmitted> submissions = new HashMap<>();
  private @Nullable String current;
  private boolean done;
  private boolean closed;

  StageFollower(TrainingStage stage, Replica replica, CheckpointExchange exchange, Events events) {
    this.stage = stage;
    this.replica = replica;
    this.exchange = exchange;
    this.events = events;
    this.inputs = new StageInputs(stage, exchange);
    this.thread = new Thread(this::follow, stage.stage().label() + "-follower");
    thread.setDaemon(true);
  }

  void start() {
    LOG.infof(
        "rank %d of %d of the %s stage, led by %s:%d",
        replica.rank(),
        replica.size(),
        stage.stage().label(),
        replica.leader().getHostString(),
        replica.leader().getPort());
    events.follow(Topic.RUNS, this::submitted);
    events.follow(Topic.CHECKPOINTS, this::announced);
    events.follow(Topic.PROGRESS, this::progressed).caughtUp().thenRun(thread::start);
  }

  private synchronized void submitted(RunSubmitted submission) {
    submissions.put(submission.getRun(), submission);
    notifyAll();
  }

  private synchronized void announced(CheckpointPublished checkpoint) {
    inputs.announced(checkpoint);
    notifyAll();
  }

  private synchronized void progressed(StageProgress progress) {
    if (progress.getStage() != Stages.of(stage.stage())) {
      return;
    }
    if (progress.getState() == STAGE_STATE_RUNNING) {
      // At step 0 the leader begins, perhaps again: then it needs this process once more.
      done = done && progress.getRun().equals(current) && progress.getStep() > 0;
      current = progress.getRun();
      notifyAll();
    } else if (progress.getRun().equals(current)) {
      current = null;
    }
  }

  private void follow() {
    try {
      for (RunSubmitted next = next(); next != null; next = next()) {
        follow(next);
        FreedMemory.giveBack();
      }
    } catch (InterruptedException e) {
      LOG.debugf("stopped following");
    }
  }

  /** The run that the leader is in, or null once this process goes down. */
  private synchronized @Nullable RunSubmitted next() throws InterruptedException {
    while (!closed) {
      RunSubmitted submission = current == null ? null : submissions.get(current);
      if (!done && submission != null && inputs.missing(submission.getRun()).isEmpty()) {
        return submission;
      }
      wait();
    }
    return null;
  }

  private void follow(RunSubmitted submission) throws InterruptedException {
    String run = submission.getRun();
    try {
      var context =
          new StageContext(
                  stage.stage(),
                  run,
                  Recipe.parse(submission.getRecipeYaml()),
                  exchange.store(),
                  inputs.fetch(run),
                  new Signals(run))
              .as(replica);
      StageThread.dropOtherAttempts(context);
      stage.follow(context);
      StageThread.delete(context.scratch());
      LOG.infof("%s stage of run '%s' is trained", stage.stage().label(), run);
      done(run);
    } catch (QuartetException e) {
      if (e.code() == UNAVAILABLE && in(run)) {
        LOG.warnf("%s; follows again from the last snapshot", Failures.firstLine(e));
      } else if (in(run)) {
        LOG.errorf("run '%s': %s", run, Failures.firstLine(e));
        done(run); // the leader misses this process, and says so
      }
    } catch (RuntimeException e) {
      LOG.errorf(e, "run '%s' cannot be followed", run);
      done(run);
    }
  }

  private synchronized void done(String run) {
    done = run.equals(current);
  }

  private synchronized boolean in(String run) {
    return !closed && run.equals(current);
  }

  private final class Signals implements StageSignals {
    private final String run;

    Signals(String run) {
      this.run = run;
    }

    @Override
    public void progress(long step, long of, String phase, Map<String, Double> metrics) {
      LOG.debugf("%s: %s, step %d of %d", run, phase, step, of); // the leader tells it
    }

    /** The leader has left the run, or this process goes down: there is nothing to keep. */
    @Override
    public boolean cancelled() {
      return !in(run);
    }

    @Override
    public boolean stopping() {
      return false;
    }
  }

  /** Leaves the run under way at its next progress. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      thread.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
