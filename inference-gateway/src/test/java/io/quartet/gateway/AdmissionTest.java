package io.quartet.gateway;

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
    admission.enter(2, 20);
    admission.enter(3, 30);

    assertThatThrownBy(() -> admission.enter(1, 10))
        .hasMessage("model 'rl/r/1': 5 requests under way, expected at most 5; try again later");
    admission.leave();
    admission.enter(1, 10);
  }

  @Test
  void noMoreTokensWaitThanMayAndALargeQuestionGetsInWhereNobodyWaits() {
    admission.enter(1, 5000);

    assertThatThrownBy(() -> admission.enter(1, 10))
        .hasMessage(
            "model 'rl/r/1': about 5000 tokens wait, and 10 more would be over 1000; try again"
                + " later");
    admission.served(5000);
    admission.enter(1, 900);
    admission.enter(1, 100);
    assertThatThrownBy(() -> admission.enter(1, 1)).isInstanceOf(QuartetException.class);
  }

  @Test
  void whoeverIsTurnedAwayIsToldWhenThereIsLikelyToBeRoom() {
    admission.enter(5, 1000);
    assertThat(waitFor(1, 0)).as("nothing has ended yet").isEqualTo(Duration.ofSeconds(1));

    for (int second = 0; second < 100; second++) {
      now.addAndGet(Duration.ofSeconds(1).toNanos());
      admission.leave();
      admission.served(100);
      admission.enter(1, 100);
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
        catchThrowableOfType(QuartetException.class, () -> admission.enter(answers, tokens));
    assertThat(refused.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED);
    return refused.retryAfter().orElseThrow();
  }
}
