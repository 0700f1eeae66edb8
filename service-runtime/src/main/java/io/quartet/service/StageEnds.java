package io.quartet.service;

import com.google.protobuf.util.Timestamps;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

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
}
