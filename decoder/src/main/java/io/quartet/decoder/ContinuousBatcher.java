package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Keeps a batch full, on a thread of its own: sequences wait in the order they came, join as soon
 * as there is a slot, and leave between decode steps (iteration-level scheduling; Orca, OSDI 2022).
 */
final class ContinuousBatcher implements AutoCloseable {
  private enum State {
    OPEN,
    DRAINING,
    CLOSED
  }

  private final int slots;
  private final Runnable onEnd;
  private final Thread thread;
  private final RunningBatch batch; // the thread's own
  private final PromptReader reader; // the thread's own
  private final WaitingLine waiting = new WaitingLine();
  private State state = State.OPEN; // guarded by this
  private volatile int running;
  private volatile long cacheTokens;

  /**
   * Starts with nothing to do. Closes the batch at its end.
   *
   * @param onEnd called on its thread when everything is over
   */
  ContinuousBatcher(RunningBatch batch, int slots, String name, Runnable onEnd) {
    this.batch = batch;
    this.reader = new PromptReader(waiting, batch, slots);
    this.slots = slots;
    this.onEnd = onEnd;
    this.thread = new Thread(this::run, "decoder " + name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Queues sequences, all or none; false if it takes no more. */
  synchronized boolean submit(List<Sequence> sequences) {
    if (state != State.OPEN) {
      return false;
    }
    waiting.addAll(sequences);
    notifyAll();
    return true;
  }

  /** What it has to do now; without totals. */
  EngineLoad load() {
    return new EngineLoad(
        running,
        waiting.size(),
        waiting.promptTokens(),
        cacheTokens,
        batch.cacheCapacity(slots),
        EngineLoad.Totals.NONE);
  }

  /** Whether everything is over and the memory given back. */
  boolean ended() {
    return !thread.isAlive();
  }

  /** Takes no more; ends when what it has has ended. */
  synchronized void drain() {
    if (state == State.OPEN) {
      state = State.DRAINING;
      notifyAll();
    }
  }

  /** Cancels everything and waits for the end; from its own thread, a listener's, does not wait. */
  @Override
  public void close() {
    synchronized (this) {
      state = State.CLOSED;
      notifyAll();
    }
    boolean interrupted = false;
    while (thread.isAlive() && Thread.currentThread() != thread) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true; // the memory of a running step must not be freed: wait on
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (awaitWork()) {
        step();
      }
      endAll(sequence -> sequence.finish(FinishReason.CANCELLED));
    } catch (RuntimeException | Error e) { // ours to answer for: nobody must wait for ever
      var failure = new QuartetException(ErrorCode.INTERNAL, "decoder failed: " + e, e);
      close();
      endAll(sequence -> sequence.fail(failure));
      throw e;
    } finally {
      batch.close();
      onEnd.run();
    }
  }

  /** Waits for something to do; false when there is nothing and nothing more will come. */
  private synchronized boolean awaitWork() {
    while (state == State.OPEN && idle()) {
      try {
        wait();
      } catch (InterruptedException e) {
        state = State.CLOSED;
      }
    }
    return state == State.OPEN || (state == State.DRAINING && !idle());
  }

  private boolean idle() {
    return waiting.isEmpty() && batch.size() == 0;
  }

  private void step() {
    endUnwanted();
    reader.step();
    batch.decode();
    running = batch.size();
    cacheTokens = batch.cacheTokens();
  }

  private void endUnwanted() {
    waiting
        .remove(Integer.MAX_VALUE, sequence -> sequence.unwanted().isPresent())
        .forEach(sequence -> sequence.finish(sequence.unwanted().orElseThrow()));
    batch.leaveIf(sequence -> sequence.unwanted().filter(sequence::finish).isPresent());
  }

  /** Lets go of every sequence, running or waiting. */
  private void endAll(Consumer<Sequence> end) {
    List<Sequence> all = new ArrayList<>(waiting.remove(Integer.MAX_VALUE, sequence -> true));
    batch.leaveIf(all::add);
    all.forEach(end);
  }
}
