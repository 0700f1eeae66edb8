package io.quartet.service;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.ErrorCode;
import java.util.Map;

/** What can happen to a stage of a run. */
sealed interface StageEvent {
  /** It still waits; {@code phase} says for what. */
  record Waits(String phase) implements StageEvent {}

  /** Its thread took it up. */
  record Started(String phase) implements StageEvent {}

  /** It came further. */
  record Progressed(long step, long of, String phase, Map<String, Double> metrics)
      implements StageEvent {}

  /** Its checkpoint is published in the local store. */
  record Completed(CheckpointId checkpoint) implements StageEvent {}

  /** It cannot go on; {@code message} is one line. */
  record Failed(ErrorCode code, String message) implements StageEvent {}

  /** Somebody called it off, and it has stopped. */
  record Cancelled() implements StageEvent {}
}
