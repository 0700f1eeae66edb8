package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.RESOURCE_EXHAUSTED;

import io.quartet.checkpoint.QuartetException;

/**
 * Requests for models that are not in memory yet; few, since each holds a thread.
 *
 * <p>Guarded by the monitor that they wait on.
 */
final class LoadWaiters {
  private static final int MOST = 32;

  private int waiting;

  /**
   * Waits for a change.
   *
   * @param monitor is held by the caller, who looks again afterwards
   * @param name of the model, for the message
   * @throws QuartetException RESOURCE_EXHAUSTED if too many wait already
   */
  void await(Object monitor, String name, long millis) throws InterruptedException {
    if (waiting >= MOST) {
      throw new QuartetException(
          RESOURCE_EXHAUSTED,
          "model '%s': %d requests wait for models to load, expected at most %d; try again later"
              .formatted(name, waiting, MOST));
    }
    waiting++;
    try {
      monitor.wait(millis);
    } finally {
      waiting--;
    }
  }
}
