package io.quartet.gateway;

import static io.quartet.decoder.Priority.BATCH;
import static io.quartet.decoder.Priority.INTERACTIVE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AdmissionTest {
  private final AtomicLong now = new AtomicLong();
  private final Admission admission =
      new Admission("rl/r/1", 2, new WaitingRoom(3, 1000), now::get);

  @Test
  void asManyAnswersAreLetInAsMayRunAndWait() {
    admission.enter(2, 20, INTERACTIVE);
    admission.enter(3, 30, INTERACTIVE);

    assertThatThrownBy(() -> admission.enter(1, 10, INTERACTIVE))
        .hasMessage("model 'rl/r/1': 5 requests under way, expected at most 5; try again later");
    admission.leave();
    admission.enter(1, 10, INTERACTIVE);
  }

  @Test
  void noMoreTokensWaitThanMayAndALargeQuestionGetsInWhereNobodyWaits() {
    admission.enter(1, 5000, INTERACTIVE);

    assertThatThrownBy(() -> admission.enter(1, 10, INTERACTIVE))
        .hasMessage(
            "model 'rl/r/1': about 5000 tokens wait, and 10 more would be over 1000; try again"
                + " later");
    admission.served(5000, INTERACTIVE);
    admission.enter(1, 900, INTERACTIVE);
    admission.enter(1, 100, INTERACTIVE);
    assertThatThrownBy(() -> admission.enter(1, 1, INTERACTIVE))
        .isInstanceOf(QuartetException.class);
  }

  @Test
  void moreAnswersThanThereIsEverRoomForAreNotToldToComeAgain() {
    assertThatThrownBy(() -> admission.enter(6, 10, INTERACTIVE))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessage("model 'rl/r/1': 6 answers at once, expected at most 5");
    assertThatThrownBy(() -> admission.enter(4, 10, BATCH))
        .hasMessage("model 'rl/r/1': 4 answers at once, expected at most 3 for priority batch");
    admission.enter(5, 10, INTERACTIVE);
  }

  @Test
  void batchQuestionsLeaveHalfOfTheWaitingRoomToInteractiveOnes() {
    admission.enter(3, 400, BATCH);

    assertThatThrownBy(() -> admission.enter(1, 10, BATCH))
        .hasMessage(
            "model 'rl/r/1': 3 requests under way, expected at most 3 for priority batch; try again"
                + " later");
    admission.enter(1, 300, INTERACTIVE);
    admission.enter(1, 300, INTERACTIVE);
  }

  @Test
  void theTokensOfBatchQuestionsFillHalfOfTheRoomForTokens() {
    admission.enter(1, 400, BATCH);

    assertThatThrownBy(() -> admission.enter(1, 101, BATCH))
        .hasMessage(
            "model 'rl/r/1': about 400 tokens wait, and 101 more would be over 500 for priority"
                + " batch; try again later");
    admission.enter(1, 100, BATCH);
    admission.enter(1, 500, INTERACTIVE);
    assertThatThrownBy(() -> admission.enter(1, 1, INTERACTIVE))
        .hasMessageContaining("about 1000 tokens wait, and 1 more would be over 1000");
  }

  @Test
  void aLargeBatchQuestionKeepsNoInteractiveOneOut() {
    admission.enter(1, 5000, BATCH);

    admission.enter(1, 500, INTERACTIVE);
    assertThatThrownBy(() -> admission.enter(1, 1, INTERACTIVE))
        .hasMessageContaining("about 1000 tokens wait, and 1 more would be over 1000");
    admission.served(5000, BATCH);
    admission.enter(1, 500, INTERACTIVE);
  }

  @Test
  void whoeverIsTurnedAwayIsToldWhenThereIsLikelyToBeRoom() {
    admission.enter(5, 1000, INTERACTIVE);
    assertThat(waitFor(1, 0)).as("nothing has ended yet").isEqualTo(Duration.ofSeconds(1));

    for (int second = 0; second < 100; second++) {
      now.addAndGet(Duration.ofSeconds(1).toNanos());
      admission.leave();
      admission.served(100, INTERACTIVE);
      admission.enter(1, 100, INTERACTIVE);
    }

    assertThat(waitFor(1, 0)).isBetween(Duration.ofMillis(900), Duration.ofMillis(1100));
    assertThat(waitFor(5, 0)).isBetween(Duration.ofMillis(4500), Duration.ofMillis(5500));
    admission.leave();
    assertThat(waitFor(1, 300)).isBetween(Duration.ofMillis(2700), Duration.ofMillis(3300));
    assertThat(waitFor(1, 1_000_000)).isEqualTo(Duration.ofMinutes(1));
    assertThat(waitFor(1, 1)).isEqualTo(Duration.ofMillis(100));
  }

  private Duration waitFor(int answers, long tokens) {
    var refused =
        catchThrowableOfType(
            QuartetException.class, () -> admission.enter(answers, tokens, INTERACTIVE));
    assertThat(refused.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED);
    return refused.retryAfter().orElseThrow();
  }
}
