package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Keeps a batch full, on a thread of its own: sequences wait in the order they came, join as soon
 * as there is a slot, and leave between decode steps (iteration-level scheduling; Orca, OSDI 2022).
 */
final class ContinuousBatcher implements AutoCloseable {
  /** How long prompts may be read while running answers wait for their next token. */
  private static final Duration READING_TURN = Duration.ofMillis(50);

  private enum State {
    OPEN,
    DRAINING,
    CLOSED
  }

  private final int slots;
  private final Runnable onEnd;
  private final Thread thread;
  private final RunningBatch batch; // the thread's own
  private final WaitingLine waiting = new WaitingLine(); // guarded by this
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
    int waits;
    long promptTokens;
    synchronized (this) {
      waits = waiting.size();
      promptTokens = waiting.promptTokens();
    }
    return new EngineLoad(
        running,
        waits,
        promptTokens,
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

  private synchronized boolean idle() {
    return waiting.isEmpty() && batch.isEmpty();
  }

  private void step() {
    endUnwanted();
    long turnEnds = System.nanoTime() + READING_TURN.toNanos();
    while (readPrompts() && System.nanoTime() < turnEnds) {}
    batch.decode();
    running = batch.size();
    cacheTokens = batch.cacheTokens();
  }

  /** Reads one step's worth of prompts; false if there is nothing to read or no slot. */
  private boolean readPrompts() {
    if (!batch.entering()) {
      Map<Sequence.PromptKey, List<Sequence>> wave = admit();
      if (wave.isEmpty()) {
        return false;
      }
      Sequence first = wave.values().iterator().next().get(0);
      if (first.promptLength() <= RunningBatch.CHUNK) {
        batch.join(wave.values());
        return true;
      }
      batch.enter(first);
    }
    batch.readChunk();
    return true;
  }

  /** The next sequences to read in one step, equal prompts together: several short, or one long. */
  private synchronized Map<Sequence.PromptKey, List<Sequence>> admit() {
    Map<Sequence.PromptKey, List<Sequence>> wave = new LinkedHashMap<>();
    int admitted = batch.size();
    int width = 0;
    while (!waiting.isEmpty() && admitted < slots) {
      Sequence next = waiting.first().orElseThrow();
      Sequence.PromptKey key = next.promptKey();
      width = Math.max(width, next.promptLength());
      boolean fits = wave.containsKey(key) || width * (wave.size() + 1) <= RunningBatch.CHUNK;
      if (!fits && !wave.isEmpty()) {
        break;
      }
      waiting.remove(next);
      wave.computeIfAbsent(key, equal -> new ArrayList<>()).add(next);
      admitted++;
      if (next.promptLength() > RunningBatch.CHUNK) {
        break;
      }
    }
    return wave;
  }

  private void endUnwanted() {
    List<Sequence> unwanted;
    synchronized (this) {
      unwanted = waiting.removeIf(sequence -> sequence.unwanted().isPresent());
    }
    // Not under the lock: it calls listeners.
    unwanted.forEach(sequence -> sequence.finish(sequence.unwanted().orElseThrow()));
    batch.leaveIf(sequence -> sequence.unwanted().filter(sequence::finish).isPresent());
  }

  /** Lets go of every sequence, running or waiting. */
  private void endAll(Consumer<Sequence> end) {
    List<Sequence> all;
    synchronized (this) {
      all = waiting.removeIf(sequence -> true);
    }
    batch.leaveIf(all::add);
    all.forEach(end);
  }
}
