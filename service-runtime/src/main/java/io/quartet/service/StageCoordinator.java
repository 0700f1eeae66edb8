package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.ALREADY_EXISTS;
import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;
import static io.quartet.checkpoint.ErrorCode.NOT_FOUND;
import static io.quartet.service.StageTransitions.terminal;
import static io.quartet.v1.StageState.STAGE_STATE_COMPLETED;
import static io.quartet.v1.StageState.STAGE_STATE_PENDING;
import static io.quartet.v1.StageState.STAGE_STATE_RUNNING;

import com.google.protobuf.util.Timestamps;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.recipe.Recipe;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * Decides when this service's stage runs: a run is known from {@code quartet.runs} or by hand, and
 * starts when the checkpoints that the stage needs are announced or already here. One run at a
 * time; the others wait in order.
 */
public final class StageCoordinator implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(StageCoordinator.class);

  /** How long a stage may take to its next progress when the process goes down. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private record Known(RunSubmitted submission, StageRun run) {}

  private final CheckpointExchange exchange;
  private final Events events;
  private final StageJournal journal;
  private final Stage stage;
  private final Clock clock;
  private final StageThread thread;
  private final StageInputs inputs;
  private final Consumer<StageProgress> meter;
  private final Map<String, Known> known = new LinkedHashMap<>();
  private final Set<String> queued = new HashSet<>();
  private final StageEnds ends = new StageEnds();
  private boolean announcementsRead;

  /**
   * @param stage what this service trains
   * @param journal remembers this stage's runs over restarts
   * @param meter sees every reported progress
   */
  StageCoordinator(
      TrainingStage stage,
      CheckpointExchange exchange,
      Events events,
      StageJournal journal,
      Consumer<StageProgress> meter) {
    this.stage = stage.stage();
    this.clock = Clock.systemUTC();
    this.exchange = exchange;
    this.events = events;
    this.journal = journal;
    this.inputs = new StageInputs(stage, exchange);
    this.thread = new StageThread(stage, exchange, inputs);
    this.meter = meter;
  }

  /** Takes up what the journal says is unfinished, then reads the topics from their beginning. */
  public void start() {
    journal.read().forEach(this::restore);
    events
        .follow(Topic.PROGRESS, this::progressed)
        .caughtUp()
        .thenRun(
            () ->
                events
                    .follow(Topic.CHECKPOINTS, this::announced)
                    .caughtUp()
                    .thenRun(
                        () -> {
                          announceWhatIsNot();
                          events.follow(Topic.RUNS, this::submitted);
                        }));
  }

  /**
   * Starts a run by hand, for this stage only.
   *
   * @throws QuartetException INVALID_ARGUMENT for a bad name or recipe, or one without this stage;
   *     ALREADY_EXISTS if the run is known here
   */
  public synchronized StageProgress start(String run, String recipeYaml) {
    Recipe recipe = Recipe.parse(recipeYaml); // the caller hears of a bad one at once
    if (!recipe.stages().contains(stage)) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "run '%s': its recipe's stages are %s, expected %s among them"
              .formatted(run, recipe.stages().stream().map(Stage::label).toList(), stage.label()));
    }
    Known earlier = known.get(run);
    if (earlier != null) {
      throw new QuartetException(
          ALREADY_EXISTS,
          "run '%s': its %s stage is here already, %s"
              .formatted(run, stage.label(), StageTransitions.word(earlier.run().progress())));
    }
    var submission =
        RunSubmitted.newBuilder()
            .setRun(run)
            .setRecipeYaml(recipeYaml)
            .setSubmitted(StageTransitions.timestamp(clock.instant()))
            .build();
    register(submission, StageTransitions.pending(stage, run, clock.instant()));
    return run(run).progress();
  }

  /**
   * This stage of a run.
   *
   * @throws QuartetException NOT_FOUND if the run is unknown here
   */
  synchronized StageRun run(String run) {
    Known found = known.get(run);
    if (found == null) {
      throw new QuartetException(
          NOT_FOUND, "run '%s' is unknown to the %s service".formatted(run, stage.label()));
    }
    return found.run();
  }

  /**
   * Calls this stage of a run off.
   *
   * @return completes with its last progress once it has stopped
   * @throws QuartetException NOT_FOUND if the run is unknown here
   */
  public CompletableFuture<StageProgress> cancel(String run) {
    return run(run).cancel();
  }

  private synchronized void restore(StageJournal.Entry entry) {
    String run = entry.submission().getRun();
    boolean over = terminal(entry.progress().getState());
    if (!over) {
      LOG.infof("%s stage of run '%s' continues", stage.label(), run);
    }
    register(
        entry.submission(),
        over ? entry.progress() : StageTransitions.pending(stage, run, clock.instant()));
  }

  private synchronized void submitted(RunSubmitted submission) {
    String run = submission.getRun();
    Known earlier = known.get(run);
    if (submission.getCancelled()) {
      if (earlier != null) {
        earlier.run().cancel();
      }
    } else if (earlier == null) {
      if (!concerns(submission)) {
        LOG.debugf("run '%s' has no %s stage", run, stage.label());
        return;
      }
      register(
          submission,
          ends.of(stage, submission)
              .orElseGet(() -> StageTransitions.pending(stage, run, clock.instant())));
    } else if (retries(earlier, submission)) {
      register(submission, StageTransitions.pending(stage, run, clock.instant()));
    }
  }

  /**
   * Whether a run has this stage; one whose recipe cannot be read does, and fails with the cause.
   */
  private boolean concerns(RunSubmitted submission) {
    try {
      return Recipe.parse(submission.getRecipeYaml()).stages().contains(stage);
    } catch (QuartetException e) {
      return true;
    }
  }

  /** A run that failed or was cancelled begins again when it is submitted again. */
  private static boolean retries(Known earlier, RunSubmitted submission) {
    var state = earlier.run().progress().getState();
    return terminal(state)
        && state != STAGE_STATE_COMPLETED
        && Timestamps.compare(earlier.submission().getSubmitted(), submission.getSubmitted()) < 0;
  }

  private void register(RunSubmitted submission, StageProgress progress) {
    var run = new StageRun(progress, clock);
    known.put(submission.getRun(), new Known(submission, run));
    queued.remove(submission.getRun());
    if (!terminal(progress.getState())) {
      journal.write(new StageJournal.Entry(submission, progress));
    }
    // An ending is published again: the last process may have died before the broker had it.
    run.watch(
        latest -> {
          report(submission, latest, latest != progress);
          return true;
        });
    consider(submission.getRun());
  }

  /** Sees each progress, in order, on the thread that made it. */
  private void report(RunSubmitted submission, StageProgress progress, boolean isNew) {
    meter.accept(progress);
    if (isNew && terminal(progress.getState())) {
      try {
        journal.write(new StageJournal.Entry(submission, progress));
        if (progress.getState() == STAGE_STATE_COMPLETED) {
          exchange.announce(exchange.store().get(CheckpointId.parse(progress.getCheckpointId())));
        }
      } catch (QuartetException e) { // a full disk must not keep the ending from being told
        LOG.errorf("run '%s': %s", progress.getRun(), e.getMessage());
      }
    }
    // Steps that nobody could see are not kept for a broker that is away; everything else is.
    if (progress.getState() != STAGE_STATE_RUNNING || events.connected()) {
      events.publish(Topic.PROGRESS, progress);
    }
  }

  private synchronized void announced(CheckpointPublished checkpoint) {
    inputs.announced(checkpoint);
    consider(checkpoint.getRun());
  }

  private synchronized void progressed(StageProgress progress) {
    ends.see(progress);
    if (inputs.needed(Stages.of(progress.getStage()))) {
      consider(progress.getRun());
    }
  }

  private void consider(String name) {
    Known candidate = known.get(name);
    if (candidate == null
        || candidate.run().progress().getState() != STAGE_STATE_PENDING
        || queued.contains(name)) {
      return;
    }
    // An input that is here already still has a service that it came from, which may have moved.
    if (!announcementsRead && inputs.any()) {
      candidate.run().waits("waiting for the broker");
      return;
    }
    Set<Stage> missing = inputs.missing(name);
    if (!missing.isEmpty()) {
      candidate.run().waits(ends.waiting(missing, candidate.submission()));
      return;
    }
    try {
      Recipe recipe = Recipe.parse(candidate.submission().getRecipeYaml());
      queued.add(name);
      thread.submit(name, recipe, candidate.run());
    } catch (QuartetException e) {
      candidate.run().fail(e);
    }
  }

  /**
   * Runs once every earlier announcement is read: what waited for them starts, and an end may have
   * been cut off before its own.
   */
  private synchronized void announceWhatIsNot() {
    announcementsRead = true;
    known.keySet().forEach(this::consider);
    known.values().stream()
        .map(finished -> finished.run().progress())
        .filter(progress -> progress.getState() == STAGE_STATE_COMPLETED)
        .map(progress -> CheckpointId.parse(progress.getCheckpointId()))
        .forEach(inputs::announceIfNobodyKnows);
  }

  /** Stops the run under way at its next progress, unfinished, for the next process to continue. */
  @Override
  public void close() {
    List<Known> all;
    synchronized (this) {
      all = List.copyOf(known.values());
    }
    all.forEach(one -> one.run().stop());
    thread.close(PATIENCE);
  }
}
