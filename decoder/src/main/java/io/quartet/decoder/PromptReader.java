package io.quartet.decoder;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides whose prompts are read between two decode steps. Only so many tokens are read there, so
 * that running answers go on; a long prompt is read in parts over several steps, and short ones
 * pass it by (chunked prefill; Sarathi, arXiv:2308.16369).
 *
 * <p>Belongs to the batcher's thread.
 */
final class PromptReader {
  /** A prompt up to this length is read whole, beside others if there is room. */
  static final int SHORT = 128;

  /** Tokens of a step while answers wait for their next token: one decode step's time or two. */
  static final int TURN = 64;

  /**
   * Tokens of a step while nobody waits: enough for matrix products at full speed, and no more, as
   * attention computes products that it masks, half of a step's tokens times themselves.
   */
  static final int ALONE = 256;

  /** Tokens of a step that a long prompt gets however many short ones come. */
  private static final int LEAST = 16;

  private final WaitingLine waiting;
  private final RunningBatch batch;
  private final int slots;

  PromptReader(WaitingLine waiting, RunningBatch batch, int slots) {
    this.waiting = waiting;
    this.batch = batch;
    this.slots = slots;
  }

  /** Reads one step's worth of prompts, if there are any. */
  void step() {
    int left = batch.growing() ? TURN : ALONE;
    // The longest waiting gets a free slot before shorter ones that came after it.
    enterLong();
    boolean shared = batch.nextReading().isPresent();
    left -= read(nextShort(shared ? left / 2 : left));
    left = Math.max(left, LEAST);
    while (left > 1) {
      enterLong();
      Optional<Sequence> next = batch.nextReading();
      if (next.isEmpty()) {
        return;
      }
      left -= batch.read(next.get(), left, this::followers);
    }
  }

  /** Whether what is to be read of its prompt takes more than one step. */
  private boolean isLong(Sequence sequence) {
    return rest(sequence) > SHORT || sequence.promptHeads() > batch.headRows();
  }

  /** Tokens of its prompt that nobody has read. */
  private int rest(Sequence sequence) {
    return sequence.promptLength() - batch.known(sequence);
  }

  /**
   * Lets who waits longest begin if its prompt is long, there is a slot, and it goes before those
   * that are being read.
   */
  private void enterLong() {
    if (batch.size() < slots) {
      waiting
          .first()
          .filter(this::goesBeforeWhatIsRead)
          .filter(this::isLong)
          .ifPresent(
              sequence -> {
                waiting.remove(sequence);
                batch.enter(sequence);
              });
    }
  }

  private boolean goesBeforeWhatIsRead(Sequence sequence) {
    return batch
        .nextReading()
        .map(reading -> sequence.priority().compareTo(reading.priority()) < 0)
        .orElse(true);
  }

  /**
   * Takes the next short prompts out of the line, no two the same, that fill so many places of a
   * step; or one. They pass long ones by that are no more urgent than they.
   */
  private ShortPrompts nextShort(int places) {
    var picked = new ShortPrompts();
    Set<Sequence.PromptKey> prompts = new HashSet<>();
    Priority least = Priority.BATCH;
    for (Sequence next : waiting.all()) {
      if (batch.size() + prompts.size() >= slots || next.priority().compareTo(least) > 0) {
        break;
      }
      if (prompts.contains(next.promptKey())) {
        continue;
      }
      if (isLong(next)) {
        least = next.priority();
        continue;
      }
      if (!picked.add(next, rest(next), places, batch.headRows())) {
        break;
      }
      prompts.add(next.promptKey());
    }
    picked.together.forEach(waiting::remove);
    picked.continued.forEach(waiting::remove);
    return picked;
  }

  /** Reads short prompts whole; returns how many places of a step that took. */
  private int read(ShortPrompts prompts) {
    prompts.continued.removeIf(sequence -> !batch.enter(sequence)); // before others take the slots
    batch.join(prompts.together, this::followers);
    for (Sequence sequence : prompts.continued) {
      batch.read(sequence, sequence.promptLength(), this::followers);
    }
    return prompts.places();
  }

  private List<Sequence> followers(Sequence.PromptKey prompt, int running) {
    return waiting.remove(slots - running, sequence -> sequence.promptKey().equals(prompt));
  }

  /**
   * Short prompts of one step: those read from their beginning go side by side, padded, and those
   * whose beginning is known one by one.
   */
  private static final class ShortPrompts {
    private final List<Sequence> together = new ArrayList<>();
    private final List<Sequence> continued = new ArrayList<>();
    private int width;
    private int ownPlaces;
    private int heads;

    /** Adds one if it is the first, or all of them fill no more than so many places and heads. */
    boolean add(Sequence sequence, int rest, int places, int headRows) {
      boolean known = rest < sequence.promptLength();
      int wide = known ? width : Math.max(width, rest);
      int beside = together.size() + (known ? 0 : 1);
      int own = ownPlaces + (known ? Math.max(rest, LEAST) : 0); // a pass takes its time anyway
      boolean full = wide * beside + own > places || heads + sequence.promptHeads() > headRows;
      if (places() > 0 && full) {
        return false;
      }
      (known ? continued : together).add(sequence);
      width = wide;
      ownPlaces = own;
      heads += sequence.promptHeads();
      return true;
    }

    int places() {
      return width * together.size() + ownPlaces;
    }
  }
}
