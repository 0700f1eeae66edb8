package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/** Whether questions are taken in, and the calls whose readers have not got all of them yet. */
public final class Intake {
  private final Unread unread;
  private int calls;
  private boolean closed;

  /**
   * @param heap bytes that the process may use, part of them for what readers have not taken yet
   */
  Intake(long heap) {
    unread = new Unread(heap);
  }

  /**
   * Lets a question in.
   *
   * @throws QuartetException UNAVAILABLE once closed
   */
  synchronized void requireOpen() {
    if (closed) {
      throw new QuartetException(UNAVAILABLE, "the gateway is shutting down");
    }
  }

  /** What readers have still to take of the answers. */
  Unread unread() {
    return unread;
  }

  /**
   * A call came.
   *
   * @return to be run, once or more often, when its last bytes are on their way
   */
  public synchronized Runnable call() {
    calls++;
    var over = new AtomicBoolean();
    return () -> {
      if (over.compareAndSet(false, true)) {
        callOver();
      }
    };
  }

  private synchronized void callOver() {
    calls--;
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
   * Waits until every call is over.
   *
   * @return how many have not been in time
   */
  synchronized int await(Duration grace) throws InterruptedException {
    long end = System.nanoTime() + grace.toNanos();
    while (calls > 0) {
      long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
      if (left <= 0) {
        break;
      }
      wait(left);
    }
    return calls;
  }
}
