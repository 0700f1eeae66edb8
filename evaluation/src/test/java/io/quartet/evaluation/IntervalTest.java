package io.quartet.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class IntervalTest {
  private static final Offset<Double> CLOSE = Offset.offset(1e-3);

  @Test
  void theIntervalOfAFewObservationsIsStudents() {
    // Variance 7, t of three degrees of freedom 3.18245: 3.5 ± 3.18245 · √(7 / 4).
    Interval interval = Interval.of(1, 2, 4, 7);
    assertThat(interval.mean()).isEqualTo(3.5);
    assertThat(interval.low()).isEqualTo(-0.7100, CLOSE);
    assertThat(interval.high()).isEqualTo(7.7100, CLOSE);
  }

  @Test
  void betweenFewAndManyTheQuantileFollowsStudentToo() {
    // The 97.5 % quantile of nine degrees of freedom is 2.26216; ten observations of variance 10/9.
    Interval interval = Interval.of(1, -1, 1, -1, 1, -1, 1, -1, 1, -1);
    assertThat(interval.high()).isEqualTo(2.26216 / 3, CLOSE);
  }

  @Test
  void theIntervalOfManyObservationsIsNearlyNormal() {
    double[] coin = DoubleStream.iterate(0, x -> 1 - x).limit(1_000).toArray();
    Interval interval = Interval.of(coin);
    assertThat(interval.high() - interval.mean()).isEqualTo(1.96 * 0.5 / Math.sqrt(1_000), CLOSE);
  }

  @Test
  void answersToOneWordCountAsOneObservation() {
    record Answer(String word, double value) {}
    List<Answer> twice =
        List.of(
            new Answer("a", 1),
            new Answer("a", 1),
            new Answer("b", 0),
            new Answer("b", 0),
            new Answer("c", 0),
            new Answer("c", 1));
    assertThat(Interval.clustered(twice, Answer::word, Answer::value))
        .isEqualTo(Interval.of(1, 0, 0.5));
  }

  @Test
  void aRatioWeighsClustersByTheirTrials() {
    assertThat(Interval.ratio(new double[] {1, 8}, new double[] {2, 8}).mean()).isEqualTo(0.9);
    assertThat(Interval.ratio(new double[] {3, 1, 2}, new double[] {4, 4, 4}))
        .isEqualTo(Interval.of(0.75, 0.25, 0.5));
  }

  @Test
  void observationsWithoutSpreadHaveAnIntervalOfNoWidth() {
    assertThat(Interval.of(0.5, 0.5, 0.5)).isEqualTo(new Interval(0.5, 0.5, 0.5, 3));
  }

  @Test
  void oneObservationHasNoInterval() {
    assertThatThrownBy(() -> Interval.of(1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "interval: got 1 clusters with 1.0 trials, expected two clusters at least with some");
  }

  @Test
  void metricsHaveTheMeanAndTheBounds() {
    assertThat(new Interval(0.5, 0.4, 0.6, 9).toMetrics())
        .isEqualTo(Map.of("mean", 0.5, "low", 0.4, "high", 0.6));
  }
}
