package io.quartet.decoder;

import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/** When an answer came, began and got its first token. */
final class Stopwatch {
  private final LongSupplier nanoClock;
  private final long submitted;
  private long begun;
  private long firstToken;
  private boolean hasBegun;
  private boolean hasToken;

  /** The answer is asked for now. */
  Stopwatch(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.submitted = nanoClock.getAsLong();
  }

  /** Whether this much time has passed since the answer was asked for. */
  boolean past(Duration limit) {
    return elapsed().compareTo(limit) >= 0;
  }

  /** Its prompt begins to be read; told more than once, the first time counts. */
  void begin() {
    if (!hasBegun) {
      hasBegun = true;
      begun = nanoClock.getAsLong();
    }
  }

  /** A token came; the first counts. */
  void token() {
    if (!hasToken) {
      hasToken = true;
      firstToken = nanoClock.getAsLong();
    }
  }

  /** Where the time until now went. */
  Generation.Effort effort(int cachedPromptTokens) {
    long now = nanoClock.getAsLong();
    long read = hasBegun ? begun : now;
    long first = hasToken ? firstToken : now;
    return new Generation.Effort(
        Duration.ofNanos(read - submitted),
        hasBegun ? Optional.of(Duration.ofNanos(first - read)) : Optional.empty(),
        hasToken ? Optional.of(Duration.ofNanos(now - first)) : Optional.empty(),
        cachedPromptTokens);
  }

  private Duration elapsed() {
    return Duration.ofNanos(nanoClock.getAsLong() - submitted);
  }
}
