package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.FAILED_PRECONDITION;
import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import com.sun.management.OperatingSystemMXBean;
import io.quartet.checkpoint.QuartetException;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * The bytes that all models together may hold, and those that they hold, models that still drain
 * included. Guarded by its {@link ModelCatalog}.
 */
final class ModelMemory {
  private static final String KEY = "quartet.gateway.memory";

  private final long limit;
  private long held;
  private long draining;

  /**
   * @param limit in bytes
   */
  ModelMemory(long limit) {
    this.limit = limit;
  }

  /** Three quarters of what the container, or the machine, has beside the heap. */
  static long ofMachine() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return (system.getTotalMemorySize() - Runtime.getRuntime().maxMemory()) / 4 * 3;
  }

  boolean fits(long bytes) {
    return held + bytes <= limit;
  }

  /**
   * Whether there is room when those that drain are gone, and others.
   *
   * @param going bytes of the others
   */
  boolean fitsWithout(long going, long bytes) {
    return fits(bytes - draining - going);
  }

  /** So many of those that are held will be given back. */
  void draining(long bytes) {
    draining += bytes;
  }

  /** Gives back what drained. */
  void drained(long bytes) {
    draining -= bytes;
    giveBack(bytes);
  }

  void take(long bytes) {
    held += bytes;
  }

  void giveBack(long bytes) {
    held -= bytes;
  }

  /** Refuses a model that has no room even alone: FAILED_PRECONDITION with the arithmetic. */
  void requireFits(String id, long bytes) {
    if (bytes > limit) {
      throw new QuartetException(
          FAILED_PRECONDITION,
          "model '%s' takes %s, and %s is %s; raise it, or lower quartet.gateway.slots or .context"
              .formatted(id, megabytes(bytes), KEY, megabytes(limit)));
    }
  }

  /**
   * There is too little that could go.
   *
   * @param going bytes of it
   */
  QuartetException full(String id, long bytes, long going) {
    return new QuartetException(
        FAILED_PRECONDITION,
        "model '%s' takes %s beside the %s of those that serve, and %s is %s; raise it, or lower"
                .formatted(
                    id, megabytes(bytes), megabytes(held - draining - going), KEY, megabytes(limit))
            + " quartet.gateway.slots or .context");
  }

  /** Those that make room have not gone in time. */
  static QuartetException notYet(String id) {
    return new QuartetException(
        UNAVAILABLE,
        "model '%s': no memory for it yet, others still end what they have begun".formatted(id));
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }
}
