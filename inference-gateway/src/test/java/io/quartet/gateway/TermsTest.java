package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.decoder.Priority;
import io.quartet.gateway.access.Caller;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class TermsTest {
  private static final Duration MOST = Duration.ofSeconds(30);

  @Test
  void nobodyWaitsForACallerThatHasGivenUp() {
    long now = System.nanoTime();

    assertThat(Terms.patience(OptionalLong.of(now), MOST)).isZero();
    assertThat(Terms.patience(OptionalLong.of(now + MOST.toNanos() / 2), MOST))
        .isPositive()
        .isLessThan(MOST);
    assertThat(Terms.patience(OptionalLong.of(now + 1000 * MOST.toNanos()), MOST)).isEqualTo(MOST);
    assertThat(Terms.patience(OptionalLong.empty(), MOST)).isEqualTo(MOST);
  }

  @Test
  void aTimeLimitBoundsTheWaitForAModelAsADeadlineDoes() {
    Terms endless = terms(OptionalLong.empty());
    Terms over = terms(OptionalLong.of(System.nanoTime()));

    assertThat(endless.patience(within(Duration.ofSeconds(2)), MOST)).hasSeconds(2);
    assertThat(endless.patience(within(MOST.multipliedBy(2)), MOST)).isEqualTo(MOST);
    assertThat(endless.patience(Urgency.USUAL, MOST)).isEqualTo(MOST);
    assertThat(over.patience(within(Duration.ofSeconds(2)), MOST)).isZero();
  }

  @Test
  void whatAnAnswerHasWaitedIsTakenFromItsTime() {
    Urgency urgency = within(Duration.ofSeconds(5));

    assertThat(urgency.after(Duration.ofSeconds(2))).isEqualTo(within(Duration.ofSeconds(3)));
    assertThat(urgency.after(Duration.ofSeconds(9))).isEqualTo(within(Duration.ZERO));
    assertThat(Urgency.USUAL.after(Duration.ofSeconds(9))).isEqualTo(Urgency.USUAL);
  }

  private static Urgency within(Duration limit) {
    return new Urgency(Priority.INTERACTIVE, Optional.of(limit));
  }

  private static Terms terms(OptionalLong deadline) {
    return new Terms(Caller.ANYBODY, Terms.COMPLETION, 1, 1, Optional.empty(), deadline);
  }
}
