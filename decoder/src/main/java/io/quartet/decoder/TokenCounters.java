package io.quartet.decoder;

import java.util.concurrent.atomic.AtomicLong;

/** Counts tokens for all weights that an engine has had. Safe for any thread. */
final class TokenCounters {
  private final AtomicLong prompt = new AtomicLong();
  private final AtomicLong generated = new AtomicLong();
  private final AtomicLong prefixQueried = new AtomicLong();
  private final AtomicLong prefixHit = new AtomicLong();

  void prompt(long tokens) {
    prompt.addAndGet(tokens);
  }

  void generated(long tokens) {
    generated.addAndGet(tokens);
  }

  void prefix(long queried, long hit) {
    prefixQueried.addAndGet(queried);
    prefixHit.addAndGet(hit);
  }

  EngineLoad.Totals totals() {
    return new EngineLoad.Totals(
        prompt.get(), generated.get(), prefixQueried.get(), prefixHit.get());
  }
}
