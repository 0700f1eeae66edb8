package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.Priority;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Who may run on one model and wait for it. It is decided from sizes alone, before a prompt is
 * tokenised, so that whoever is turned away hears of it at once and costs nothing. Batch questions
 * may fill the first half of the waiting room; the other half is for interactive ones. Safe for any
 * thread.
 */
final class Admission {
  private static final Duration SOONEST = Duration.ofMillis(100);
  private static final Duration UNKNOWN = Duration.ofSeconds(1);
  private static final Duration LATEST = Duration.ofMinutes(1);

  private final String model;
  private final int slots;
  private final WaitingRoom room;
  private final LongSupplier nanoTime;
  private final Pace answersEnded;
  private final Pace tokensServed;
  private int answers; // guarded by this
  private long interactiveTokens; // that wait; guarded by this
  private long batchTokens; // that wait; guarded by this

  /**
   * @param model for messages
   * @param slots how many answers run
   * @param room what may wait beside; a question that finds nobody waiting may be larger
   * @param nanoTime a clock in nanoseconds
   */
  Admission(String model, int slots, WaitingRoom room, LongSupplier nanoTime) {
    this.model = model;
    this.slots = slots;
    this.room = room;
    this.nanoTime = nanoTime;
    this.answersEnded = new Pace(nanoTime.getAsLong());
    this.tokensServed = new Pace(nanoTime.getAsLong());
  }

  /**
   * Lets a question's answers in, all or none.
   *
   * @param tokens of all its prompts and answers, about
   * @throws QuartetException INVALID_ARGUMENT for more answers than there is ever room for;
   *     RESOURCE_EXHAUSTED, saying when there is likely to be room
   */
  synchronized void enter(int more, long tokens, Priority priority) {
    requirePlaces(more, priority);
    requireTokens(tokens, priority);
    answers += more;
    queue(tokens, priority);
  }

  private void requirePlaces(int more, Priority priority) {
    int most = slots + part(priority).requests();
    if (more > most) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "model '%s': %d answers at once, expected at most %d%s"
              .formatted(model, more, most, suffix(priority)));
    }
    int over = answers + more - most;
    if (over > 0) {
      throw QuartetException.retryLater(
          "model '%s': %d requests under way, expected at most %d%s; try again later"
              .formatted(model, answers, most, suffix(priority)),
          wait(over, answersEnded));
    }
  }

  private void requireTokens(long tokens, Priority priority) {
    boolean batch = priority == Priority.BATCH;
    // An interactive question passes the batch ones, however large the one is that came first.
    long before = batch ? interactiveTokens + batchTokens : interactiveTokens;
    long waiting = batch ? before : before + Math.min(batchTokens, part(Priority.BATCH).tokens());
    long most = part(priority).tokens();
    long beyond = waiting + tokens - most;
    if (before > 0 && beyond > 0) {
      throw QuartetException.retryLater(
          "model '%s': about %d tokens wait, and %d more would be over %d%s; try again later"
              .formatted(model, waiting, tokens, most, suffix(priority)),
          wait(beyond, tokensServed));
    }
  }

  /** The part of the waiting room that questions of a priority may fill. */
  private WaitingRoom part(Priority priority) {
    return switch (priority) {
      case INTERACTIVE -> room;
      case BATCH -> new WaitingRoom(room.requests() / 2, room.tokens() / 2);
    };
  }

  private static String suffix(Priority priority) {
    return switch (priority) {
      case INTERACTIVE -> "";
      case BATCH -> " for priority batch";
    };
  }

  private void queue(long tokens, Priority priority) {
    switch (priority) {
      case INTERACTIVE -> interactiveTokens += tokens;
      case BATCH -> batchTokens += tokens;
    }
  }

  /** An answer waits no more: it has its first token, or will never have one. */
  synchronized void served(long tokens, Priority priority) {
    queue(-tokens, priority);
    tokensServed.add(tokens, nanoTime.getAsLong());
  }

  /** An answer is over. */
  synchronized void leave() {
    answers--;
    answersEnded.add(1, nanoTime.getAsLong());
  }

  /** How long until so much has passed, as fast as in the last seconds. */
  private Duration wait(long amount, Pace pace) {
    double nanos = pace.nanosFor(amount, nanoTime.getAsLong());
    if (Double.isInfinite(nanos)) {
      return UNKNOWN; // nothing has passed yet
    }
    if (nanos < SOONEST.toNanos()) {
      return SOONEST;
    }
    return nanos > LATEST.toNanos() ? LATEST : Duration.ofNanos((long) nanos);
  }

  /** How fast something passes; the last ten seconds count most. */
  private static final class Pace {
    private static final double MEMORY_NANOS = 10e9;

    private final long began;
    private double passed;
    private long updated;

    Pace(long now) {
      began = now;
      updated = now;
    }

    void add(double amount, long now) {
      fade(now);
      passed += amount;
    }

    /** Infinite if nothing has passed. */
    double nanosFor(double amount, long now) {
      fade(now);
      return passed == 0
          ? Double.POSITIVE_INFINITY
          : amount * Math.min(MEMORY_NANOS, now - began) / passed;
    }

    private void fade(long now) {
      passed *= Math.exp((updated - now) / MEMORY_NANOS);
      updated = now;
    }
  }
}
