package io.quartet.decoder;

import io.quartet.checkpoint.QuartetException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The sequences that have a slot: those that grow, and those whose prompt is read part by part.
 * They lie in slots 0 to n − 1 without a gap: when one leaves, the last moves into its slot, so a
 * step costs what its sequences cost, however many slots there are. How a sequence is computed
 * depends on itself alone, so its answer does too.
 *
 * <p>Not thread-safe.
 */
final class RunningBatch implements AutoCloseable {
  private final DecoderSession session;
  private final PrefixCache prefixes;
  private final TokenCounters counters;
  private final Drawing drawing;
  private final List<Sequence> sequences = new ArrayList<>(); // the i-th lies in slot i

  /** The session and the cache become its own. */
  RunningBatch(DecoderSession session, PrefixCache prefixes, TokenCounters counters) {
    this.session = session;
    this.prefixes = prefixes;
    this.counters = counters;
    this.drawing = new Drawing(session.head(), session.config().vocabularySize());
  }

  int size() {
    return sequences.size();
  }

  /** Whether there is one that grows. */
  boolean growing() {
    return !sequences.stream().allMatch(Sequence::reading);
  }

  /** The one whose prompt is to be read on: interactive before batch, then who came first. */
  Optional<Sequence> nextReading() {
    return sequences.stream()
        .filter(Sequence::reading)
        .min((a, b) -> a.priority().compareTo(b.priority()));
  }

  /** How many tokens of its prompt need not be read. */
  int known(Sequence sequence) {
    return prefixes.enabled() ? sequence.known(prefixes) : 0;
  }

  /** The most tokens of a step that may go through the head. */
  int headRows() {
    return session.headRows();
  }

  /** Tokens whose keys and values it holds. */
  long cacheTokens() {
    return sequences.stream().mapToLong(Sequence::read).sum();
  }

  /** The most of them that so many slots hold. */
  long cacheCapacity(int slots) {
    return (long) slots * session.config().contextLength();
  }

  /** One more token for every sequence that grows; those that end leave. */
  void decode() {
    // Those whose prompt is being read lie among the others, and their rows come to nothing.
    int count = sequences.size();
    while (count > 0 && sequences.get(count - 1).reading()) {
      count--;
    }
    if (count == 0) {
      return;
    }
    List<DecoderSession.Row> rows = new ArrayList<>(count);
    for (Sequence sequence : sequences.subList(0, count)) {
      rows.add(sequence.growingRow());
    }
    int[] heads;
    try {
      heads = session.forward(0, notAlone(rows));
    } catch (QuartetException e) {
      leaveIf((sequence, slot) -> !sequence.reading() && sequence.fail(e));
      return;
    }
    leaveIf(
        (sequence, slot) -> {
          if (sequence.reading()) {
            return false;
          }
          counters.generated(1);
          sequence.readUpTo(rows.get(slot).to());
          return sequence.advance(heads[slot], drawing);
        });
  }

  /** The rows of a step of growing sequences, and one that comes to nothing if they need it. */
  private List<DecoderSession.Row> notAlone(List<DecoderSession.Row> rows) {
    int count = rows.size();
    if (!session.needsOneMore(count)) {
      return rows;
    }
    session.reserve(count + 1, sequences.get(0).capacity());
    List<DecoderSession.Row> more = new ArrayList<>(rows);
    more.add(
        count < sequences.size() ? sequences.get(count).growingRow() : DecoderSession.Row.NOBODY);
    return more;
  }

  /**
   * Gives slots to sequences and reads their whole prompts side by side, padded on the right.
   *
   * @param followers gives others with the same prompts, which are then copied
   */
  void join(List<Sequence> joining, Followers followers) {
    if (joining.isEmpty()) {
      return;
    }
    int first = sequences.size();
    List<DecoderSession.Row> rows = new ArrayList<>();
    for (Sequence sequence : joining) {
      rows.add(sequence.promptRow(sequence.promptLength()));
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
    sequences.addAll(joining);
    List<Integer> headOf = new ArrayList<>(Collections.nCopies(first, -1));
    for (int i = 0; i < joining.size(); i++) {
      joining.get(i).scorePrompt(rows.get(i), heads[i], drawing);
      joining.get(i).readUpTo(rows.get(i).to());
      headOf.add(heads[i]);
    }
    for (int i = 0; i < joining.size(); i++) {
      completed(first + i, heads[i], followers, headOf);
    }
    begin(headOf);
  }

  /**
   * Gives a slot to a sequence, and what is known of its prompt; {@link #read} reads the rest.
   *
   * @return false if there is no memory, and the sequence has failed
   */
  boolean enter(Sequence sequence) {
    int slot = sequences.size();
    try {
      session.reserve(slot + 1, sequence.capacity());
    } catch (QuartetException e) {
      return !sequence.fail(e);
    }
    sequence.restore(prefixes, session, slot);
    return sequences.add(sequence);
  }

  /**
   * Reads the next part of a prompt, about {@code most} tokens, or fewer if all of them go through
   * the head; with the last part the sequence grows.
   *
   * @return how many tokens were read
   */
  int read(Sequence sequence, int most, Followers followers) {
    int slot = sequences.indexOf(sequence);
    boolean throughHead = sequence.promptHeads() > 1;
    DecoderSession.Row row =
        sequence.promptRow(throughHead ? Math.min(most, session.headRows()) : most);
    int head;
    try {
      head = session.forward(slot, List.of(row))[0];
    } catch (QuartetException e) {
      leaveIf((one, at) -> one == sequence && one.fail(e));
      return row.width();
    }
    sequence.scorePrompt(row, head, drawing);
    sequence.readUpTo(row.to());
    if (!sequence.reading()) {
      List<Integer> headOf = new ArrayList<>(Collections.nCopies(sequences.size(), -1));
      headOf.set(slot, head);
      completed(slot, head, followers, headOf);
      begin(headOf);
    }
    return row.width();
  }

  /** Lets sequences leave that have been ended: those for which {@code ended} says so. */
  void leaveIf(Predicate<Sequence> ended) {
    leaveIf((sequence, slot) -> ended.test(sequence));
  }

  @Override
  public void close() {
    session.close();
    prefixes.close();
  }

  /** A prompt is read: copies it to those who have the same. */
  private void completed(int slot, int head, Followers followers, List<Integer> headOf) {
    Sequence leader = sequences.get(slot);
    count(leader);
    List<Sequence> following = followers.take(leader.promptKey(), sequences.size());
    if (following.isEmpty()) {
      return;
    }
    try {
      int positions = following.stream().mapToInt(Sequence::capacity).max().orElseThrow();
      session.reserve(sequences.size() + following.size(), positions);
    } catch (QuartetException e) {
      following.forEach(sequence -> sequence.fail(e));
      return;
    }
    for (Sequence follower : following) {
      session.copy(slot, sequences.size(), leader.promptLength());
      follower.follow(leader);
      sequences.add(follower);
      headOf.add(head);
      counters.prompt(follower.promptLength());
    }
  }

  private void count(Sequence sequence) {
    counters.prompt(sequence.promptLength());
    if (prefixes.enabled()) {
      counters.prefix(sequence.queried(), sequence.cached());
    }
  }

  /** Draws the first tokens of those that have a row of the head, then keeps their prompts. */
  private void begin(List<Integer> headOf) {
    leaveIf(
        (sequence, slot) -> {
          int head = headOf.get(slot);
          if (head < 0) {
            return false;
          }
          counters.generated(sequence.complete() ? 0 : 1);
          boolean ended = sequence.advance(head, drawing);
          sequence.store(prefixes, session, slot);
          return ended;
        });
  }

  private void leaveIf(Leaving leaving) {
    // From the back, so that the one that fills a hole has been asked already, under its old slot.
    for (int slot = sequences.size() - 1; slot >= 0; slot--) {
      if (leaving.leaves(sequences.get(slot), slot)) {
        int last = sequences.size() - 1;
        Sequence moved = sequences.remove(last);
        if (slot != last) {
          session.copy(last, slot, moved.read());
          sequences.set(slot, moved);
        }
      }
    }
  }

  /** Whether the sequence in a slot leaves; asked once for each. */
  private interface Leaving {
    boolean leaves(Sequence sequence, int slot);
  }

  /** Where sequences with the same prompt wait. */
  interface Followers {
    /** Takes those with a prompt, as many as find a slot beside {@code running} sequences. */
    List<Sequence> take(Sequence.PromptKey prompt, int running);
  }
}
