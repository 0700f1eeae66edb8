package io.quartet.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * A measured figure with its 95 % interval.
 *
 * @param mean the figure
 * @param low the interval's lower end; the figure itself where none was measured
 * @param high the interval's upper end
 */
record Estimate(double mean, double low, double high) {

  /** Reads a number, {@code {mean, low, high}} or {@code {mean, interval: [low, high]}}. */
  static Optional<Estimate> parse(JsonNode node) {
    if (node.isNumber()) {
      double value = node.doubleValue();
      return Optional.of(new Estimate(value, value, value));
    }
    return Stream.of("mean", "rate", "value")
        .map(node::path)
        .filter(JsonNode::isNumber)
        .findFirst()
        .map(m -> withInterval(m.doubleValue(), node));
  }

  /** A figure whose interval stands beside it as {@code [low, high]} or {@code {low, high}}. */
  static Optional<Estimate> parse(JsonNode node, JsonNode interval) {
    return parse(node)
        .map(
            e -> {
              OptionalDouble low = end(interval, "low", 0);
              OptionalDouble high = end(interval, "high", 1);
              return low.isPresent() && high.isPresent()
                  ? new Estimate(e.mean, low.getAsDouble(), high.getAsDouble())
                  : e;
            });
  }

  private static Estimate withInterval(double mean, JsonNode node) {
    JsonNode interval = node.has("interval") ? node.path("interval") : node;
    return new Estimate(
        mean, end(interval, "low", 0).orElse(mean), end(interval, "high", 1).orElse(mean));
  }

  private static OptionalDouble end(JsonNode interval, String name, int index) {
    JsonNode end = interval.isArray() ? interval.path(index) : interval.path(name);
    return end.isNumber() ? OptionalDouble.of(end.doubleValue()) : OptionalDouble.empty();
  }

  boolean measured() {
    return high > low;
  }
}
