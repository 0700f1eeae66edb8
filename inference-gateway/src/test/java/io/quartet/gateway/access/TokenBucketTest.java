package io.quartet.gateway.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TokenBucketTest {
  private final AtomicLong now = new AtomicLong();
  private final TokenBucket bucket = new TokenBucket(60, now::get);

  @Test
  void aMinutesWorthIsThereAtOnceAndThenItComesEvenly() {
    assertThat(bucket.take(60)).isZero();
    assertThat(bucket.take(10)).isEqualTo(Duration.ofSeconds(10));
    pass(Duration.ofSeconds(9));
    assertThat(bucket.take(10)).isEqualTo(Duration.ofSeconds(1));
    pass(Duration.ofSeconds(1));
    assertThat(bucket.take(10)).isZero();
  }

  @Test
  void itNeverHoldsMoreThanAMinutesWorth() {
    pass(Duration.ofHours(1));

    assertThat(bucket.take(60)).isZero();
    assertThat(bucket.take(1)).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void whatIsLargerThanTheBucketNeedsItFullAndIsOwed() {
    assertThat(bucket.take(90)).isZero();
    assertThat(bucket.take(1)).isEqualTo(Duration.ofSeconds(31));
  }

  @Test
  void whatWasNotUsedComesBackAndWhatWasUsedBeyondIsOwed() {
    bucket.take(60);
    bucket.giveBack(30);
    assertThat(bucket.take(30)).isZero();
    bucket.giveBack(-30);
    assertThat(bucket.take(1)).isEqualTo(Duration.ofSeconds(31));
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }
}
