package io.quartet.gateway;

import io.quartet.decoder.Priority;
import java.time.Duration;
import java.util.Optional;

/**
 * How soon an answer is wanted.
 *
 * @param priority whether others go before it while it waits
 * @param timeLimit how long it may take, waiting included; then it ends with what there is
 */
public record Urgency(Priority priority, Optional<Duration> timeLimit) {
  /** Somebody waits, as long as it takes. */
  public static final Urgency USUAL = new Urgency(Priority.INTERACTIVE, Optional.empty());

  /** What is left of it when an answer has waited so long already. */
  Urgency after(Duration waited) {
    return new Urgency(
        priority,
        timeLimit.map(limit -> limit.compareTo(waited) > 0 ? limit.minus(waited) : Duration.ZERO));
  }
}
