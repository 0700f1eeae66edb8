package io.quartet.service;

import static io.quartet.v1.StageState.STAGE_STATE_CANCELLED;
import static io.quartet.v1.StageState.STAGE_STATE_COMPLETED;
import static io.quartet.v1.StageState.STAGE_STATE_FAILED;
import static io.quartet.v1.StageState.STAGE_STATE_PENDING;
import static io.quartet.v1.StageState.STAGE_STATE_RUNNING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Timestamp;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.Failure;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StageTransitionsTest {
  private static final Instant NOW = Instant.ofEpochSecond(100);
  private static final StageProgress BLANK =
      StageProgress.newBuilder()
          .setRun("r")
          .setStage(io.quartet.v1.Stage.STAGE_SFT)
          .setUpdated(Timestamp.newBuilder().setSeconds(100))
          .build();

  @Test
  void aNewStageIsPending() {
    assertThat(StageTransitions.pending(Stage.SFT, "r", NOW)).isEqualTo(in(STAGE_STATE_PENDING));
  }

  @Test
  void pendingWaitsForACheckpoint() {
    assertThat(next(STAGE_STATE_PENDING, new StageEvent.Waits("waiting for base")))
        .isEqualTo(in(STAGE_STATE_PENDING).toBuilder().setPhase("waiting for base").build());
  }

  @Test
  void pendingStarts() {
    assertThat(next(STAGE_STATE_PENDING, new StageEvent.Started("starting")))
        .isEqualTo(in(STAGE_STATE_RUNNING).toBuilder().setPhase("starting").build());
  }

  @Test
  void runningProgressesAndKeepsEarlierMetrics() {
    StageProgress before = in(STAGE_STATE_RUNNING).toBuilder().putMetrics("gold", 0.5).build();
    var event = new StageEvent.Progressed(3, 10, "training", Map.of("loss", 2.0));

    assertThat(StageTransitions.next(before, event, NOW))
        .isEqualTo(
            before.toBuilder()
                .setStep(3)
                .setTotalSteps(10)
                .setPhase("training")
                .putMetrics("loss", 2.0)
                .build());
  }

  @Test
  void runningCompletesWithItsCheckpoint() {
    assertThat(
            next(
                STAGE_STATE_RUNNING,
                new StageEvent.Completed(new CheckpointId(Stage.SFT, "r", 10))))
        .isEqualTo(in(STAGE_STATE_COMPLETED).toBuilder().setCheckpointId("sft/r/10").build());
  }

  @ParameterizedTest
  @EnumSource(names = {"STAGE_STATE_PENDING", "STAGE_STATE_RUNNING"})
  void pendingOrRunningFailsWithCodeAndCause(StageState state) {
    assertThat(next(state, new StageEvent.Failed(ErrorCode.DATA_LOSS, "file x: 3 bytes")))
        .isEqualTo(
            in(STAGE_STATE_FAILED).toBuilder()
                .setFailure(Failure.newBuilder().setCode("DATA_LOSS").setMessage("file x: 3 bytes"))
                .build());
  }

  @ParameterizedTest
  @EnumSource(names = {"STAGE_STATE_PENDING", "STAGE_STATE_RUNNING"})
  void pendingOrRunningIsCancelled(StageState state) {
    assertThat(next(state, new StageEvent.Cancelled())).isEqualTo(in(STAGE_STATE_CANCELLED));
  }

  @ParameterizedTest
  @EnumSource(names = {"STAGE_STATE_COMPLETED", "STAGE_STATE_FAILED", "STAGE_STATE_CANCELLED"})
  void nothingFollowsAnEnd(StageState end) {
    assertThatThrownBy(() -> next(end, new StageEvent.Cancelled()))
        .isInstanceOf(QuartetException.class)
        .hasMessage(
            "sft stage of run 'r': cancelled cannot follow " + StageTransitions.word(in(end)));
  }

  @Test
  void pendingCannotComplete() {
    var completed = new StageEvent.Completed(new CheckpointId(Stage.SFT, "r", 1));
    assertThatThrownBy(() -> next(STAGE_STATE_PENDING, completed))
        .hasMessage("sft stage of run 'r': completed cannot follow pending");
  }

  private static StageProgress in(StageState state) {
    return BLANK.toBuilder().setState(state).build();
  }

  private static StageProgress next(StageState before, StageEvent event) {
    return StageTransitions.next(in(before), event, NOW);
  }
}
