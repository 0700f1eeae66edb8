package io.quartet.cli.run;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import io.quartet.checkpoint.QuartetException;
import io.quartet.recipe.Recipe;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.Stage;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All that the events of one run say, in the order in which they came. */
public final class RunView {
  /** The stages that there are, in the order in which they run. */
  public static final List<Stage> STAGES =
      List.of(Stage.STAGE_BASE, Stage.STAGE_SFT, Stage.STAGE_REWARD, Stage.STAGE_RL);

  private final String run;
  private Optional<RunSubmitted> submission = Optional.empty();
  private List<Stage> stages = STAGES;
  private final Map<Stage, List<StageProgress>> progress = new EnumMap<>(Stage.class);
  private final Map<String, CheckpointPublished> checkpoints = new HashMap<>();

  /** A run of which nothing is known yet. */
  public RunView(String run) {
    this.run = run;
  }

  /** The run's name. */
  public String run() {
    return run;
  }

  /** Takes an event in; one of another run changes nothing. */
  public void add(Message event) {
    if (!RunEvents.run(event).equals(run)) {
      return;
    }
    if (event instanceof RunSubmitted submitted) {
      submission = Optional.of(submitted);
      stages = stages(submitted);
      if (!submitted.getCancelled()) {
        progress.values().forEach(history -> beginAgain(history, submitted.getSubmitted()));
      }
    } else if (event instanceof StageProgress update) {
      progress.computeIfAbsent(update.getStage(), s -> new ArrayList<>()).add(update);
    } else if (event instanceof CheckpointPublished checkpoint) {
      checkpoints.put(checkpoint.getCheckpointId(), checkpoint);
    }
  }

  /** What failed or was cancelled is pending once the run is submitted again. */
  private static void beginAgain(List<StageProgress> history, Timestamp submitted) {
    StageProgress end = history.get(history.size() - 1);
    if (ended(end.getState())
        && end.getState() != StageState.STAGE_STATE_COMPLETED
        && Timestamps.compare(end.getUpdated(), submitted) < 0) {
      history.add(end.toBuilder().setState(StageState.STAGE_STATE_PENDING).clearFailure().build());
    }
  }

  /** A recipe that cannot be read fails in every stage. */
  private static List<Stage> stages(RunSubmitted submitted) {
    try {
      return STAGES.subList(0, Recipe.parse(submitted.getRecipeYaml()).stages().size());
    } catch (QuartetException e) {
      return STAGES;
    }
  }

  /** The stages that this run has, in their order; all of them before it was submitted. */
  public List<Stage> stages() {
    return stages;
  }

  /** What was submitted, with {@code cancelled} set once it was cancelled. */
  public Optional<RunSubmitted> submission() {
    return submission;
  }

  /** Every progress message of a stage, oldest first. */
  public List<StageProgress> history(Stage stage) {
    return progress.getOrDefault(stage, List.of());
  }

  /** A stage's newest progress. */
  public Optional<StageProgress> latest(Stage stage) {
    List<StageProgress> all = history(stage);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
  }

  /** A stage's state; unspecified before it was heard of. */
  public StageState state(Stage stage) {
    return latest(stage).map(StageProgress::getState).orElse(StageState.STAGE_STATE_UNSPECIFIED);
  }

  /** The checkpoint that a completed stage ended with, once it was announced. */
  public Optional<CheckpointPublished> result(Stage stage) {
    return latest(stage)
        .filter(p -> p.getState() == StageState.STAGE_STATE_COMPLETED)
        .flatMap(p -> Optional.ofNullable(checkpoints.get(p.getCheckpointId())));
  }

  /** How long a stage has run, or ran: from its first progress as running to its newest. */
  public Duration elapsed(Stage stage) {
    List<Instant> times =
        history(stage).stream()
            .filter(p -> p.getState() != StageState.STAGE_STATE_PENDING)
            .map(p -> instant(p.getUpdated()))
            .toList();
    return times.isEmpty()
        ? Duration.ZERO
        : Duration.between(times.get(0), times.get(times.size() - 1));
  }

  /** From the submission to the newest event of a stage. */
  public Duration elapsed() {
    Optional<Instant> newest =
        stages.stream()
            .flatMap(s -> latest(s).stream())
            .map(p -> instant(p.getUpdated()))
            .max(Instant::compareTo);
    return submission
        .flatMap(s -> newest.map(n -> Duration.between(instant(s.getSubmitted()), n)))
        .orElse(Duration.ZERO);
  }

  /** The first stage that failed. */
  public Optional<StageProgress> failure() {
    return stages.stream()
        .flatMap(s -> latest(s).stream())
        .filter(p -> p.getState() == StageState.STAGE_STATE_FAILED)
        .findFirst();
  }

  /** Whether every stage of the run completed and announced its checkpoint. */
  public boolean completed() {
    return stages.stream().allMatch(s -> result(s).isPresent());
  }

  /** Whether the run was cancelled, also before its stages have said so, or some stage was. */
  public boolean cancelled() {
    return submission.map(RunSubmitted::getCancelled).orElse(false)
        || stages.stream().anyMatch(s -> state(s) == StageState.STAGE_STATE_CANCELLED);
  }

  /** Whether some stage was heard of that has not ended. */
  public boolean underWay() {
    return stages.stream().anyMatch(s -> latest(s).isPresent() && !ended(state(s)));
  }

  /** Whether no stage will do anything more. */
  public boolean ended() {
    return stages.stream().allMatch(s -> ended(state(s)));
  }

  /** Whether a state is a stage's last. */
  public static boolean ended(StageState state) {
    return switch (state) {
      case STAGE_STATE_COMPLETED, STAGE_STATE_FAILED, STAGE_STATE_CANCELLED -> true;
      case STAGE_STATE_UNSPECIFIED, STAGE_STATE_PENDING, STAGE_STATE_RUNNING, UNRECOGNIZED -> false;
    };
  }

  /** A stage's or state's name without its prefix, in lower case: {@code base}, {@code running}. */
  public static String label(Enum<?> value) {
    String name = value.name();
    return name.replaceFirst("^STAGE_(STATE_)?", "").toLowerCase(java.util.Locale.ROOT);
  }

  static Instant instant(Timestamp timestamp) {
    return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
  }
}
