package io.quartet.gateway;

import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Who may run on one model and wait for it. It is decided from sizes alone, before a prompt is
 * tokenised, so that whoever is turned away hears of it at once and costs nothing. Safe for any
 * thread.
 */
final class Admission {
  private static final Duration SOONEST = Duration.ofMillis(100);
  private static final Duration UNKNOWN = Duration.ofSeconds(1);
  private static final Duration LATEST = Duration.ofMinutes(1);

  private final String model;
  private final int mostAnswers;
  private final long mostTokens;
  private final LongSupplier nanoTime;
  private final Pace answersEnded;
  private final Pace tokensServed;
  private int answers; // guarded by this
  private long waitingTokens; // guarded by this

  /**
   * @param model for messages
   * @param slots how many answers run
   * @param room what may wait beside; a question that finds nobody waiting may be larger
   * @param nanoTime a clock in nanoseconds
   */
  Admission(String model, int slots, WaitingRoom room, LongSupplier nanoTime) {
    this.model = model;
    this.mostAnswers = slots + room.requests();
    this.mostTokens = room.tokens();
    this.nanoTime = nanoTime;
    this.answersEnded = new Pace(nanoTime.getAsLong());
    this.tokensServed = new Pace(nanoTime.getAsLong());
  }

  /**
   * Lets a question's answers in, all or none.
   *
   * @param tokens of all its prompts and answers, about
   * @throws QuartetException RESOURCE_EXHAUSTED, saying when there is likely to be room
   */
  synchronized void enter(int more, long tokens) {
    int over = answers + more - mostAnswers;
    if (over > 0) {
      throw QuartetException.retryLater(
          "model '%s': %d requests under way, expected at most %d; try again later"
              .formatted(model, answers, mostAnswers),
          wait(over, answersEnded));
    }
    long beyond = waitingTokens + tokens - mostTokens;
    if (waitingTokens > 0 && beyond > 0) {
      throw QuartetException.retryLater(
          "model '%s': about %d tokens wait, and %d more would be over %d; try again later"
              .formatted(model, waitingTokens, tokens, mostTokens),
          wait(beyond, tokensServed));
    }
    answers += more;
    waitingTokens += tokens;
  }

  /** An answer waits no more: it has its first token, or will never have one. */
  synchronized void served(long tokens) {
    waitingTokens -= tokens;
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
