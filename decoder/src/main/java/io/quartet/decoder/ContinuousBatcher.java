package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Grows many answers at the same time, on a thread of its own: sequences join and leave the batch
 * between decode steps (iteration-level scheduling; Orca, OSDI 2022).
 *
 * <p>The running sequences lie in slots 0 to n − 1 without a gap: when one leaves, the last moves
 * into its slot, so a step costs what its sequences cost, however many slots there are. How a
 * sequence is computed depends on itself alone, so its answer does too.
 */
final class ContinuousBatcher implements AutoCloseable {
  /**
   * Prompt tokens of one step: enough for matrix products at full speed, few enough that others do
   * not wait long. A longer prompt is read alone, in chunks of this size.
   */
  static final int CHUNK = 128;

  /** How long prompts may be read while running answers wait for their next token. */
  private static final Duration READING_TURN = Duration.ofMillis(50);

  private enum State {
    OPEN,
    DRAINING,
    CLOSED
  }

  private final DecoderSession session;
  private final int slots;
  private final Runnable onEnd;
  private final Thread thread;
  private final Candidates candidates;
  private final List<Sequence> running = new ArrayList<>(); // the i-th lies in slot i
  private @Nullable Sequence entering; // a long prompt, half read, in slot enteringSlot
  private int enteringSlot;
  private final Deque<Sequence> waiting = new ArrayDeque<>(); // guarded by this
  private State state = State.OPEN; // guarded by this
  private volatile boolean cancellations;

  /**
   * Starts with nothing to do. Closes the session at its end.
   *
   * @param onEnd called on its thread when everything is over
   */
  ContinuousBatcher(DecoderSession session, int slots, String name, Runnable onEnd) {
    this.session = session;
    this.slots = slots;
    this.onEnd = onEnd;
    this.candidates = new Candidates(session.config().vocabularySize());
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

  /** Makes it look for cancelled sequences before its next step. */
  void noticeCancellations() {
    cancellations = true;
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
      endAll(sequence -> sequence.fail(failure));
      throw e;
    } finally {
      session.close();
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
    return waiting.isEmpty() && running.isEmpty() && entering == null;
  }

  private void step() {
    if (cancellations) {
      cancellations = false;
      endCancelled();
    }
    long turnEnds = System.nanoTime() + READING_TURN.toNanos();
    while (readPrompts() && System.nanoTime() < turnEnds) {}
    if (!running.isEmpty()) {
      List<DecoderSession.Row> rows = new ArrayList<>(running.size());
      running.forEach(sequence -> rows.add(sequence.row(1)));
      try {
        session.forward(0, rows);
      } catch (QuartetException e) {
        leaveIf((sequence, row) -> sequence.fail(e));
        return;
      }
      leaveIf(
          (sequence, row) -> {
            sequence.readUpTo(rows.get(row).to());
            return sequence.advance(session, row, candidates);
          });
    }
  }

  /** Reads one step's worth of prompts; false if there is nothing to read or no slot. */
  private boolean readPrompts() {
    if (entering == null) {
      List<Sequence> wave = admit();
      if (wave.isEmpty()) {
        return false;
      }
      if (wave.get(0).promptLength() <= CHUNK) {
        readTogether(wave);
        return true;
      }
      entering = wave.get(0);
      enteringSlot = running.size();
    }
    readChunk(entering);
    return true;
  }

  /** The next sequences to read in one step: several short prompts, or one long. */
  private synchronized List<Sequence> admit() {
    List<Sequence> wave = new ArrayList<>();
    int width = 0;
    while (!waiting.isEmpty() && running.size() + wave.size() < slots) {
      int length = waiting.getFirst().promptLength();
      width = Math.max(width, length);
      if (width * (wave.size() + 1) > CHUNK && !wave.isEmpty()) {
        break;
      }
      wave.add(waiting.removeFirst());
    }
    return wave;
  }

  /** Reads fresh prompts side by side, padded on the right; equal ones are read once and copied. */
  private void readTogether(List<Sequence> wave) {
    Map<Sequence.PromptKey, List<Sequence>> byPrompt = new LinkedHashMap<>();
    for (Sequence sequence : wave) {
      byPrompt.computeIfAbsent(sequence.promptKey(), key -> new ArrayList<>()).add(sequence);
    }
    int first = running.size();
    List<DecoderSession.Row> rows = new ArrayList<>();
    List<Sequence> entered = new ArrayList<>();
    List<Integer> rowOf = new ArrayList<>();
    for (List<Sequence> equals : byPrompt.values()) {
      rows.add(equals.get(0).row(CHUNK));
      entered.add(equals.get(0));
      rowOf.add(rows.size() - 1);
    }
    try {
      int positions = wave.stream().mapToInt(Sequence::capacity).max().orElseThrow();
      session.reserve(first + wave.size(), positions);
      session.forward(first, rows);
    } catch (QuartetException e) {
      wave.forEach(sequence -> sequence.fail(e));
      return;
    }
    int row = 0;
    for (List<Sequence> equals : byPrompt.values()) {
      for (Sequence copy : equals.subList(1, equals.size())) {
        session.copy(first + row, first + entered.size(), copy.promptLength());
        entered.add(copy);
        rowOf.add(row);
      }
      row++;
    }
    running.addAll(entered);
    leaveIf(
        (sequence, slot) -> {
          if (slot < first) {
            return false;
          }
          sequence.readUpTo(sequence.promptLength());
          return sequence.advance(session, rowOf.get(slot - first), candidates);
        });
  }

  /** Reads the next part of a long prompt; with the last part the sequence begins to run. */
  private void readChunk(Sequence sequence) {
    if (sequence.cancelled()) {
      entering = null;
      sequence.finish(FinishReason.CANCELLED);
      return;
    }
    DecoderSession.Row chunk = sequence.row(CHUNK);
    try {
      session.reserve(enteringSlot + 1, sequence.capacity());
      session.forward(enteringSlot, List.of(chunk));
    } catch (QuartetException e) {
      entering = null;
      sequence.fail(e);
      return;
    }
    sequence.readUpTo(chunk.to());
    if (sequence.allRead()) {
      entering = null;
      if (!sequence.advance(session, 0, candidates)) {
        if (enteringSlot != running.size()) { // some left while it was read
          session.copy(enteringSlot, running.size(), sequence.read());
        }
        running.add(sequence);
      }
    }
  }

  private void endCancelled() {
    leaveIf((sequence, row) -> sequence.cancelled() && sequence.finish(FinishReason.CANCELLED));
    List<Sequence> gone = new ArrayList<>();
    synchronized (this) {
      waiting.removeIf(sequence -> sequence.cancelled() && gone.add(sequence));
    }
    gone.forEach(sequence -> sequence.finish(FinishReason.CANCELLED));
  }

  /** Lets sequences leave the batch; each hole is filled with the last sequence. */
  private void leaveIf(Leaving leaving) {
    // From the back, so that the one that fills a hole has been asked already, under its old row.
    for (int slot = running.size() - 1; slot >= 0; slot--) {
      if (leaving.leaves(running.get(slot), slot)) {
        int last = running.size() - 1;
        Sequence moved = running.remove(last);
        if (slot != last) {
          session.copy(last, slot, moved.read());
          running.set(slot, moved);
        }
      }
    }
  }

  private void endAll(Consumer<Sequence> end) {
    List<Sequence> rest = new ArrayList<>(running);
    running.clear();
    if (entering != null) {
      rest.add(entering);
      entering = null;
    }
    synchronized (this) {
      state = State.CLOSED;
      rest.addAll(waiting);
      waiting.clear();
    }
    rest.forEach(end);
  }

  /** Whether a sequence leaves the batch, asked once for each. */
  private interface Leaving {
    boolean leaves(Sequence sequence, int row);
  }
}
