package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
  @Test
  void linearRisesThenFallsToItsFloor() {
    assertRates(LearningRateSchedule.linear(1, 2, 6, 0.1), 0.5, 1, 1, 0.75, 0.5, 0.25, 0.1, 0.1);
  }

  @Test
  void cosineFallsSlowlyFastSlowly() {
    assertRates(LearningRateSchedule.cosine(1, 0, 4, 0), 1, 0.853553, 0.5, 0.146447, 0, 0);
  }

  @Test
  void stableHoldsThePeakUntilTheDecay() {
    assertRates(LearningRateSchedule.stable(1, 1, 8, 0.25, 0), 1, 1, 1, 1, 1, 1, 1, 0.5, 0);
  }

  private static void assertRates(LearningRateSchedule schedule, double... expected) {
    double[] rates = LongStream.range(0, expected.length).mapToDouble(schedule::rate).toArray();
    assertThat(rates).containsExactly(expected, within(1e-6));
  }
}
