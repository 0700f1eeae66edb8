package io.quartet.decoder;

import io.quartet.checkpoint.QuartetException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The sequences that grow at the same time. They lie in slots 0 to n − 1 without a gap: when one
 * leaves, the last moves into its slot, so a step costs what its sequences cost, however many slots
 * there are. How a sequence is computed depends on itself alone, so its answer does too.
 *
 * <p>Not thread-safe.
 */
final class RunningBatch implements AutoCloseable {
  /**
   * Prompt tokens of one step: enough for matrix products at full speed, few enough that others do
   * not wait long. A longer prompt is read alone, in chunks of this size.
   */
  static final int CHUNK = 128;

  private final DecoderSession session;
  private final TokenCounters counters;
  private final Drawing drawing;
  private final List<Sequence> running = new ArrayList<>(); // the i-th lies in slot i
  private @Nullable Sequence entering; // a long prompt, half read, in slot enteringSlot
  private int enteringSlot;

  /** The session becomes its own. */
  RunningBatch(DecoderSession session, TokenCounters counters) {
    this.session = session;
    this.counters = counters;
    this.drawing = new Drawing(session.head(), session.config().vocabularySize());
  }

  /** Sequences that grow, and one whose prompt is being read. */
  int size() {
    return running.size() + (entering == null ? 0 : 1);
  }

  boolean isEmpty() {
    return size() == 0;
  }

  /** Whether a long prompt is half read; until it is read no other sequence may join. */
  boolean entering() {
    return entering != null;
  }

  /** Tokens whose keys and values it holds. */
  long cacheTokens() {
    long tokens = entering == null ? 0 : entering.read();
    for (Sequence sequence : running) {
      tokens += sequence.read();
    }
    return tokens;
  }

  /** The most of them. */
  long cacheCapacity(int slots) {
    return (long) slots * session.config().contextLength();
  }

  /** One more token for every sequence; those that end leave. */
  void decode() {
    if (running.isEmpty()) {
      return;
    }
    List<DecoderSession.Row> rows = new ArrayList<>(running.size());
    running.forEach(sequence -> rows.add(sequence.row(1)));
    int[] heads;
    try {
      heads = session.forward(0, rows);
    } catch (QuartetException e) {
      leaveIf((sequence, row) -> sequence.fail(e));
      return;
    }
    counters.generated(rows.size());
    leaveIf(
        (sequence, row) -> {
          sequence.readUpTo(rows.get(row).to());
          return sequence.advance(heads[row], drawing);
        });
  }

  /**
   * Reads fresh prompts of at most {@link #CHUNK} tokens side by side, padded on the right, and
   * draws their first tokens.
   *
   * @param groups sequences with the same {@link Sequence#promptKey}: their prompt is read once and
   *     copied
   */
  void join(Collection<List<Sequence>> groups) {
    int first = running.size();
    List<Sequence> joining = new ArrayList<>();
    List<Integer> rowOf = new ArrayList<>();
    List<DecoderSession.Row> rows = new ArrayList<>();
    for (List<Sequence> equals : groups) {
      joining.add(equals.get(0));
      rowOf.add(rows.size());
      rows.add(equals.get(0).row(CHUNK));
    }
    int row = 0;
    for (List<Sequence> equals : groups) {
      List<Sequence> copies = equals.subList(1, equals.size());
      joining.addAll(copies);
      for (int i = 0; i < copies.size(); i++) {
        rowOf.add(row);
      }
      row++;
    }
    int[] heads;
    try {
      int positions = joining.stream().mapToInt(Sequence::capacity).max().orElseThrow();
      session.reserve(first + joining.size(), positions);
      heads = session.forward(first, rows);
    } catch (QuartetException e) {
      joining.forEach(sequence -> sequence.fail(e));
      return;
    }
    for (int i = rows.size(); i < joining.size(); i++) {
      session.copy(first + rowOf.get(i), first + i, joining.get(i).promptLength());
    }
    running.addAll(joining);
    counters.prompt(joining.stream().mapToLong(Sequence::promptLength).sum());
    counters.generated(joining.size());
    leaveIf(
        (sequence, slot) -> {
          if (slot < first) {
            return false;
          }
          int at = rowOf.get(slot - first);
          sequence.scorePrompt(rows.get(at), heads[at], drawing);
          sequence.readUpTo(sequence.promptLength());
          return sequence.advance(heads[at], drawing);
        });
  }

  /** Begins to read a long prompt, which {@link #readChunk} goes on with. */
  void enter(Sequence sequence) {
    entering = sequence;
    enteringSlot = running.size();
  }

  /** Reads the next part of the long prompt; with the last part the sequence joins. */
  void readChunk() {
    Sequence sequence = entering;
    if (sequence == null) {
      return;
    }
    DecoderSession.Row chunk = sequence.row(CHUNK);
    int head;
    try {
      session.reserve(enteringSlot + 1, sequence.capacity());
      head = session.forward(enteringSlot, List.of(chunk))[0];
    } catch (QuartetException e) {
      entering = null;
      sequence.fail(e);
      return;
    }
    sequence.scorePrompt(chunk, head, drawing);
    sequence.readUpTo(chunk.to());
    if (!sequence.allRead()) {
      return;
    }
    entering = null;
    counters.prompt(sequence.promptLength());
    counters.generated(1);
    if (!sequence.advance(head, drawing)) {
      if (enteringSlot != running.size()) { // some left while it was read
        session.copy(enteringSlot, running.size(), sequence.read());
      }
      running.add(sequence);
    }
  }

  /** Lets sequences leave that have been ended: those for which {@code ended} says so. */
  void leaveIf(Predicate<Sequence> ended) {
    leaveIf((sequence, slot) -> ended.test(sequence));
    if (entering != null && ended.test(entering)) {
      entering = null;
    }
  }

  @Override
  public void close() {
    session.close();
  }

  private void leaveIf(Leaving leaving) {
    // From the back, so that the one that fills a hole has been asked already, under its old slot.
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

  /** Whether the sequence in a slot leaves; asked once for each. */
  private interface Leaving {
    boolean leaves(Sequence sequence, int slot);
  }
}
