package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.QuartetException;
import java.time.Duration;

/**
 * Requests for models that are not in memory yet; few, since each holds a thread.
 *
 * <p>Guarded by the monitor that they wait on.
 */
final class LoadWaiters {
  private static final int MOST = 32;

  /** About what a model takes to load. */
  private static final Duration A_LOAD = Duration.ofSeconds(5);

  private int waiting;

  /**
   * Waits for a change.
   *
   * @param monitor is held by the caller, who looks again afterwards
   * @param name of the model, and the checkpoint that it stands for, for the message
   * @param end when it is too late, as {@link System#nanoTime} counts
   * @throws QuartetException UNAVAILABLE if it is too late; RESOURCE_EXHAUSTED, saying when to try
   *     again, if too many wait already
   */
  void await(Object monitor, String name, CheckpointId id, long end) throws InterruptedException {
    long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
    if (left <= 0) {
      throw new QuartetException(
          UNAVAILABLE, "model '%s': %s is not loaded yet".formatted(name, id));
    }
    if (waiting >= MOST) {
      throw QuartetException.retryLater(
          "model '%s': %d requests wait for models to load, expected at most %d; try again later"
              .formatted(name, waiting, MOST),
          A_LOAD);
    }
    waiting++;
    try {
      monitor.wait(left);
    } finally {
      waiting--;
    }
  }
}
