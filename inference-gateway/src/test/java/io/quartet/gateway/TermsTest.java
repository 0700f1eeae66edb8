package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
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
}
