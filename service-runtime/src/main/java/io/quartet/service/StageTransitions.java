package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.FAILED_PRECONDITION;
import static io.quartet.v1.StageState.STAGE_STATE_CANCELLED;
import static io.quartet.v1.StageState.STAGE_STATE_COMPLETED;
import static io.quartet.v1.StageState.STAGE_STATE_FAILED;
import static io.quartet.v1.StageState.STAGE_STATE_PENDING;
import static io.quartet.v1.StageState.STAGE_STATE_RUNNING;

import com.google.protobuf.Timestamp;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.Failure;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import java.time.Instant;
import java.util.Locale;

/**
 * The life of a stage as a pure function:
 *
 * <pre>
 * PENDING → RUNNING → COMPLETED | FAILED | CANCELLED        PENDING → FAILED | CANCELLED
 * </pre>
 */
final class StageTransitions {
  private StageTransitions() {}

  static StageProgress pending(Stage stage, String run, Instant now) {
    return StageProgress.newBuilder()
        .setRun(run)
        .setStage(Stages.of(stage))
        .setState(STAGE_STATE_PENDING)
        .setUpdated(timestamp(now))
        .build();
  }

  static boolean terminal(StageState state) {
    return switch (state) {
      case STAGE_STATE_COMPLETED, STAGE_STATE_FAILED, STAGE_STATE_CANCELLED -> true;
      case STAGE_STATE_PENDING, STAGE_STATE_RUNNING, STAGE_STATE_UNSPECIFIED, UNRECOGNIZED -> false;
    };
  }

  /**
   * The progress after an event.
   *
   * @throws QuartetException FAILED_PRECONDITION if it cannot happen in this state
   */
  static StageProgress next(StageProgress before, StageEvent event, Instant now) {
    var after = before.toBuilder().setUpdated(timestamp(now));
    if (event instanceof StageEvent.Waits waits) {
      expect(before, event, before.getState() == STAGE_STATE_PENDING);
      after.setPhase(waits.phase());
    } else if (event instanceof StageEvent.Started started) {
      expect(before, event, before.getState() == STAGE_STATE_PENDING);
      after.setState(STAGE_STATE_RUNNING).setPhase(started.phase());
    } else if (event instanceof StageEvent.Progressed progressed) {
      expect(before, event, before.getState() == STAGE_STATE_RUNNING);
      after
          .setStep(progressed.step())
          .setTotalSteps(progressed.of())
          .setPhase(progressed.phase())
          .putAllMetrics(progressed.metrics());
    } else if (event instanceof StageEvent.Completed completed) {
      expect(before, event, before.getState() == STAGE_STATE_RUNNING);
      after
          .setState(STAGE_STATE_COMPLETED)
          .clearPhase()
          .setCheckpointId(completed.checkpoint().toString());
    } else if (event instanceof StageEvent.Failed failed) {
      expect(before, event, !terminal(before.getState()));
      after
          .setState(STAGE_STATE_FAILED)
          .setFailure(
              Failure.newBuilder().setCode(failed.code().name()).setMessage(failed.message()));
    } else if (event instanceof StageEvent.Cancelled) {
      expect(before, event, !terminal(before.getState()));
      after.setState(STAGE_STATE_CANCELLED);
    }
    return after.build();
  }

  private static void expect(StageProgress before, StageEvent event, boolean possible) {
    if (!possible) {
      throw new QuartetException(
          FAILED_PRECONDITION,
          "%s stage of run '%s': %s cannot follow %s"
              .formatted(
                  Stages.of(before.getStage()).label(),
                  before.getRun(),
                  event.getClass().getSimpleName().toLowerCase(Locale.ROOT),
                  word(before)));
    }
  }

  /** The state as people read it: "pending", "failed". */
  static String word(StageProgress progress) {
    return progress.getState().name().replace("STAGE_STATE_", "").toLowerCase(Locale.ROOT);
  }

  static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }
}
