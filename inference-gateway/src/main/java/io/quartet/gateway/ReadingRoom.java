package io.quartet.gateway;

import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * The bytes of requests that are read at the same time. Reading takes a multiple of them in memory:
 * a tree of JSON some 30 times as much, tokens up to 200. A small request needs no room, since
 * there are only as many as threads that serve; so it is never turned away for large ones. Safe for
 * any thread.
 */
final class ReadingRoom {
  /** As large as a request may be by default, so that there is always room for one alone. */
  static final int LEAST = 1 << 20;

  /** No larger ones than this are small. */
  static final int SMALL = 4 << 10;

  /** A large one is parsed in less, and makes tokens of a few hundred kilobytes. */
  private static final Duration SOON = Duration.ofMillis(200);

  private final String what;
  private final int most;
  private final Semaphore free;

  /**
   * @param what is read, for messages
   * @param most bytes of it
   */
  ReadingRoom(String what, int most) {
    this.what = what;
    this.most = most;
    this.free = new Semaphore(most);
  }

  /**
   * Reads a request.
   *
   * @throws QuartetException as {@link #enter}
   */
  <T> T read(long bytes, Supplier<T> reading) {
    Runnable leave = enter(bytes);
    try {
      return reading.get();
    } finally {
      leave.run();
    }
  }

  /**
   * Lets a request in; one that is larger than the room has it for itself.
   *
   * @param bytes of the request
   * @return to be run, once or more often, when it has been read
   * @throws QuartetException RESOURCE_EXHAUSTED while others leave no room for it
   */
  Runnable enter(long bytes) {
    if (bytes <= SMALL) {
      return () -> {};
    }
    int taken = (int) Math.min(bytes, most);
    if (!free.tryAcquire(taken)) {
      throw QuartetException.retryLater(
          "%s: %d bytes are being read, and %d more would be over %d; try again later"
              .formatted(what, most - free.availablePermits(), bytes, most),
          SOON);
    }
    var over = new AtomicBoolean();
    return () -> {
      if (over.compareAndSet(false, true)) {
        free.release(taken);
      }
    };
  }
}
