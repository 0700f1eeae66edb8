package io.quartet.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * A mean with its 95 % confidence interval (Student's t). Answers about one word resemble each
 * other and count as one observation: the interval is <i>clustered</i> by word, so that more
 * answers to the same questions cannot narrow it beyond what the words allow.
 *
 * @param low the lower bound
 * @param high the upper bound
 * @param clusters words that were observed, two at least
 */
public record Interval(double mean, double low, double high, int clusters) {
  private static final double[] FEW = {
    12.70620, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600
  };

  /** Validates the order. */
  public Interval {
    if (!(low <= mean && mean <= high)) {
      throw new IllegalArgumentException(
          "interval: got %s to %s around %s".formatted(low, high, mean));
    }
  }

  /**
   * The mean of independent observations.
   *
   * @throws IllegalArgumentException for fewer than two
   */
  public static Interval of(double... observations) {
    double[] ones = new double[observations.length];
    Arrays.fill(ones, 1);
    return ratio(observations, ones);
  }

  /** The mean over clusters of their items' mean value. */
  public static <T> Interval clustered(
      Collection<T> items, Function<T, String> cluster, ToDoubleFunction<T> value) {
    return of(
        clusters(items, cluster).values().stream()
            .mapToDouble(list -> list.stream().mapToDouble(value).average().orElseThrow())
            .toArray());
  }

  /**
   * The sum of {@code hits} over the sum of {@code trials}, an element of each a cluster, with the
   * variance of the ratio estimator by linearisation (Cochran 1977, 6.10).
   *
   * @throws IllegalArgumentException for fewer than two clusters, or no trial
   */
  public static Interval ratio(double[] hits, double[] trials) {
    int n = hits.length;
    double total = Arrays.stream(trials).sum();
    if (n < 2 || n != trials.length || !(total > 0)) {
      throw new IllegalArgumentException(
          "interval: got %d clusters with %s trials, expected two clusters at least with some"
              .formatted(n, total));
    }
    double mean = Arrays.stream(hits).sum() / total;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      double residual = hits[i] - mean * trials[i];
      squares += residual * residual;
    }
    double standardError = Math.sqrt(squares * n / (n - 1)) / total;
    double half = student975(n - 1) * standardError;
    return new Interval(mean, mean - half, mean + half, n);
  }

  /** Whether the whole interval lies above a value. */
  public boolean above(double value) {
    return low > value;
  }

  /** The value for a checkpoint's metrics: {@code mean}, {@code low}, {@code high}. */
  public Map<String, Object> toMetrics() {
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("mean", mean);
    metrics.put("low", low);
    metrics.put("high", high);
    return metrics;
  }

  /** {@code 0.531 [0.498, 0.564]}. */
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.3f [%.3f, %.3f]", mean, low, high);
  }

  /** Items by cluster, clusters in the order of their names. */
  static <T> Map<String, List<T>> clusters(Collection<T> items, Function<T, String> cluster) {
    Map<String, List<T>> clusters = new TreeMap<>();
    items.forEach(
        item -> clusters.computeIfAbsent(cluster.apply(item), c -> new ArrayList<>()).add(item));
    return clusters;
  }

  /** 97.5 % quantile of Student's t: by table, later by Abramowitz and Stegun 26.7.5. */
  private static double student975(int degrees) {
    if (degrees <= FEW.length) {
      return FEW[degrees - 1];
    }
    double x = 1.959964;
    double v = degrees;
    double x2 = x * x;
    return x
        + x * (x2 + 1) / (4 * v)
        + x * ((5 * x2 + 16) * x2 + 3) / (96 * v * v)
        + x * (((3 * x2 + 19) * x2 + 17) * x2 - 15) / (384 * v * v * v);
  }
}
