package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.QuartetException;
import java.time.Duration;

/** Whether questions are taken in, and the answers whose readers have not got all of them yet. */
final class Intake {
  private int unread;
  private boolean closed;

  /**
   * Takes answers in.
   *
   * @throws QuartetException UNAVAILABLE once closed
   */
  synchronized void enter(int answers) {
    if (closed) {
      throw new QuartetException(UNAVAILABLE, "the gateway is shutting down");
    }
    unread += answers;
  }

  /** So many have been sent, or nobody reads them any more. */
  synchronized void leave(int answers) {
    unread -= answers;
    notifyAll();
  }

  synchronized boolean closed() {
    return closed;
  }

  /** Takes no more. */
  synchronized void close() {
    closed = true;
  }

  /**
   * Waits until every answer has been sent.
   *
   * @return how many have not been in time
   */
  synchronized int await(Duration grace) throws InterruptedException {
    long end = System.nanoTime() + grace.toNanos();
    while (unread > 0) {
      long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
      if (left <= 0) {
        break;
      }
      wait(left);
    }
    return unread;
  }
}
