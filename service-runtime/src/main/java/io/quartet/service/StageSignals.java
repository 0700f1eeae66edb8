package io.quartet.service;

import java.util.Map;

/** A running stage's line to whoever runs it. */
public interface StageSignals {
  /**
   * Says where the stage is; cheap, and throttled before it travels.
   *
   * @param step steps done, 0 to {@code of}
   * @param of steps in all
   * @param phase what the stage does now, in a word or two
   * @param metrics latest values by name
   */
  void progress(long step, long of, String phase, Map<String, Double> metrics);

  /** Whether the stage was asked to stop for good. */
  boolean cancelled();

  /** Whether the process goes down: snapshot now, the stage continues in the next process. */
  boolean stopping();
}
