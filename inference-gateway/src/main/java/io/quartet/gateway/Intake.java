package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Whether questions are taken in, how much of them is read at a time, and the calls whose readers
 * have not got all of them yet.
 */
public final class Intake {
  /** Bodies as they come, which grow by doubling, so up to an eighth of the heap. */
  private static final int BODIES_PART_OF_HEAP = 16;

  /** A tree of JSON is some 30 times as large as its text, so a quarter of the heap. */
  private static final int JSON_PART_OF_HEAP = 128;

  private final Unread unread;
  private final ReadingRoom bodies;
  private final ReadingRoom json;
  private final ReadingRoom prompts = new ReadingRoom("prompts", ReadingRoom.LEAST);
  private final ReadingRoom texts = new ReadingRoom("texts", ReadingRoom.LEAST);
  private int calls;
  private boolean closed;

  /**
   * @param heap bytes that the process may use, part of them for what readers have not taken yet,
   *     and part for what is parsed
   */
  Intake(long heap) {
    unread = new Unread(heap);
    bodies = new ReadingRoom("bodies", part(heap, BODIES_PART_OF_HEAP));
    json = new ReadingRoom("JSON", part(heap, JSON_PART_OF_HEAP));
  }

  private static int part(long heap, int part) {
    return (int) Math.min(Integer.MAX_VALUE, Math.max(ReadingRoom.LEAST, heap / part));
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

  /** Where bodies come, and stay until they are parsed. */
  ReadingRoom bodies() {
    return bodies;
  }

  /** Where bodies are parsed. */
  ReadingRoom json() {
    return json;
  }

  /** Where prompts become tokens. */
  ReadingRoom prompts() {
    return prompts;
  }

  /** Where texts become tokens for their own sake, however many prompts there are. */
  ReadingRoom texts() {
    return texts;
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
