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
    waiting.first().filter(this::goesAlone).ifPresent(this::enter);
    boolean shared = batch.nextReading().isPresent();
    left -= batch.join(wave(shared ? left / 2 : left), this::followers);
    left = Math.max(left, LEAST);
    while (left > 1) {
      waiting.first(this::goesAlone).ifPresent(this::enter);
      Optional<Sequence> next = batch.nextReading();
      if (next.isEmpty()) {
        return;
      }
      left -= batch.read(next.get(), left, this::followers);
    }
  }

  /** Whether its prompt is read in a step of its own: it is long, or its beginning is known. */
  private boolean goesAlone(Sequence sequence) {
    return sequence.promptLength() > SHORT || batch.knows(sequence);
  }

  /** Lets it begin if there is a slot, and it goes before those that are being read. */
  private void enter(Sequence sequence) {
    boolean before =
        batch
            .nextReading()
            .map(reading -> sequence.priority().compareTo(reading.priority()) < 0)
            .orElse(true);
    if (before && batch.size() < slots) {
      waiting.remove(sequence);
      batch.enter(sequence);
    }
  }

  /** The next short prompts, no two the same, that fill so many places of a step; or one. */
  private List<Sequence> wave(int places) {
    List<Sequence> wave = new ArrayList<>();
    Set<Sequence.PromptKey> prompts = new HashSet<>();
    int width = 0;
    for (Sequence next : waiting.all()) {
      if (batch.size() + wave.size() >= slots) {
        break;
      }
      if (goesAlone(next) || prompts.contains(next.promptKey())) {
        continue;
      }
      width = Math.max(width, next.promptLength());
      if (!wave.isEmpty() && width * (wave.size() + 1) > places) {
        break;
      }
      wave.add(next);
      prompts.add(next.promptKey());
    }
    wave.forEach(waiting::remove);
    return wave;
  }

  private List<Sequence> followers(Sequence.PromptKey prompt, int running) {
    return waiting.remove(slots - running, sequence -> sequence.promptKey().equals(prompt));
  }
}
