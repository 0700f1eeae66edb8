package io.quartet.evaluation;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** Comparison of two collections cluster by cluster, so that easy and hard words cancel out. */
final class Paired {
  private Paired() {}

  /** What is measured between a cluster's items of one side and those of the other. */
  interface Contrast<T> {
    double of(List<T> one, List<T> other);
  }

  /** The mean of a value in {@code after} less that in {@code before}. */
  static <T> Interval change(
      Collection<T> before,
      Collection<T> after,
      Function<T, String> cluster,
      ToDoubleFunction<T> value) {
    return contrast(
        before, after, cluster, (one, other) -> average(other, value) - average(one, value));
  }

  static <T> Interval contrast(
      Collection<T> one, Collection<T> other, Function<T, String> cluster, Contrast<T> contrast) {
    Map<String, List<T>> ones = Interval.clusters(one, cluster);
    Map<String, List<T>> others = Interval.clusters(other, cluster);
    if (!ones.keySet().equals(others.keySet())) {
      throw new IllegalArgumentException(
          "comparison: got answers about %d and %d words, expected the same words"
              .formatted(ones.size(), others.size()));
    }
    return Interval.of(
        ones.entrySet().stream()
            .mapToDouble(e -> contrast.of(e.getValue(), others.getOrDefault(e.getKey(), List.of())))
            .toArray());
  }

  static <T> double average(List<T> items, ToDoubleFunction<T> value) {
    return items.stream().mapToDouble(value).average().orElseThrow();
  }
}
