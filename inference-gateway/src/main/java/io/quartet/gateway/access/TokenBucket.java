package io.quartet.gateway.access;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * A limit a minute, as a bucket that fills evenly and holds one minute's worth. What is used beyond
 * it is owed, and pays itself back before anything more is given. Safe for any thread.
 */
final class TokenBucket {
  private static final double NANOS_PER_MINUTE = 60e9;

  private final double capacity;
  private final LongSupplier nanoTime;
  private double level; // guarded by this
  private long filledAt; // guarded by this

  /** Full at first. */
  TokenBucket(int perMinute, LongSupplier nanoTime) {
    this.capacity = perMinute;
    this.nanoTime = nanoTime;
    this.level = perMinute;
    this.filledAt = nanoTime.getAsLong();
  }

  /**
   * Takes an amount, whole or not at all; one that is larger than the bucket needs it full.
   *
   * @return zero if it was taken, else how long until it can be
   */
  synchronized Duration take(long amount) {
    fill();
    double missing = Math.min(amount, capacity) - level;
    if (missing <= 0) {
      level -= amount;
      return Duration.ZERO;
    }
    return Duration.ofNanos(Math.max(1, (long) Math.ceil(missing * NANOS_PER_MINUTE / capacity)));
  }

  /** Gives back what was not used after all; a negative amount was used beyond what was taken. */
  synchronized void giveBack(long amount) {
    fill();
    level = Math.min(capacity, level + amount);
  }

  private void fill() {
    long now = nanoTime.getAsLong();
    level = Math.min(capacity, level + (now - filledAt) * capacity / NANOS_PER_MINUTE);
    filledAt = now;
  }
}
