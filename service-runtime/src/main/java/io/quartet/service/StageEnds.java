package io.quartet.service;

import static io.quartet.v1.StageState.STAGE_STATE_COMPLETED;

import com.google.protobuf.util.Timestamps;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** How stages ended, of every run, as {@code quartet.progress} tells it. */
final class StageEnds {
  private final Map<String, StageProgress> ends = new HashMap<>();

  void see(StageProgress progress) {
    String key = Topic.PROGRESS.key().apply(progress);
    if (StageTransitions.terminal(progress.getState())) {
      ends.put(key, progress);
    } else {
      ends.remove(key); // it began again
    }
  }

  /** How a stage ended since the run was submitted; an end before that was another attempt's. */
  Optional<StageProgress> of(Stage stage, RunSubmitted submission) {
    return Optional.ofNullable(ends.get(submission.getRun() + "/" + stage.label()))
        .filter(end -> Timestamps.compare(end.getUpdated(), submission.getSubmitted()) >= 0);
  }

  /**
   * Why a run does not begin: a needed stage that ended otherwise than well, or all that is
   * missing.
   */
  String waiting(Set<Stage> missing, RunSubmitted submission) {
    for (Stage needed : missing) {
      Optional<StageProgress> end =
          of(needed, submission).filter(e -> e.getState() != STAGE_STATE_COMPLETED);
      if (end.isPresent()) {
        return "not started: %s %s".formatted(needed.label(), StageTransitions.word(end.get()));
      }
    }
    return "waiting for " + missing.stream().map(Stage::label).collect(Collectors.joining(" and "));
  }
}
