package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.FAILED_PRECONDITION;

import com.sun.management.OperatingSystemMXBean;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import java.lang.management.ManagementFactory;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a stage's process will hold at most, part by part, before its first step.
 *
 * @param parts bytes by name, in the order in which they are told
 */
public record MemoryPlan(Map<String, Long> parts) {
  /** The metric of a stage's progress that says the sum, in bytes. */
  static final String PLANNED = "planned_resident_bytes";

  /**
   * What a stage's process holds beside models and their training: the heap, libtorch, ONNX
   * Runtime, compiled code. Measured in whole runs, as the peak less the other parts (at most 0.50,
   * 0.78, 0.88 and 0.99 GB), and a little more.
   */
  static MemoryPlan of(Stage stage) {
    long megabytes =
        switch (stage) {
          case BASE -> 520;
          case SFT -> 800;
          case REWARD -> 1000;
          case RL -> 1100;
        };
    return new MemoryPlan(Map.of("process", megabytes * 1_000_000));
  }

  /** Keeps the order, and leaves out what is nothing. */
  public MemoryPlan {
    var some = new LinkedHashMap<>(parts);
    some.values().removeIf(bytes -> bytes == 0);
    parts = Collections.unmodifiableMap(some);
  }

  /** The same with another part, or more of one. */
  public MemoryPlan plus(String part, long bytes) {
    var more = new LinkedHashMap<>(parts);
    more.merge(part, bytes, Long::sum);
    return new MemoryPlan(more);
  }

  /** The same with another plan's parts. */
  public MemoryPlan plus(Map<String, Long> others) {
    MemoryPlan sum = this;
    for (Map.Entry<String, Long> other : others.entrySet()) {
      sum = sum.plus(other.getKey(), other.getValue());
    }
    return sum;
  }

  /** All parts together, in bytes. */
  public long total() {
    return parts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The memory that the container allows, or that the machine has. */
  static long available() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getTotalMemorySize();
  }

  /**
   * Refuses what cannot fit.
   *
   * @throws QuartetException FAILED_PRECONDITION with the sum
   */
  void requireWithin(long available) {
    if (total() > available) {
      throw new QuartetException(
          FAILED_PRECONDITION,
          ("memory: %s, but there are %s; lower batch or sequence, or set recompute_activations or"
                  + " lora")
              .formatted(this, gigabytes(available)));
    }
  }

  /** The sum in one line: {@code 0.62 GB = process 0.44 + weights 0.01 + …}. */
  @Override
  public String toString() {
    return parts.entrySet().stream()
        .map(part -> part.getKey() + " " + number(part.getValue()))
        .collect(Collectors.joining(" + ", gigabytes(total()) + " = ", ""));
  }

  private static String gigabytes(long bytes) {
    return number(bytes) + " GB";
  }

  private static String number(long bytes) {
    return String.format(Locale.ROOT, bytes < 1e7 ? "%.3f" : "%.2f", bytes / 1e9);
  }
}
