package io.quartet.decoder;

/**
 * What an engine has to do now and what it has done since it was opened, all weights together.
 *
 * @param running answers that grow, and prompts that are being read
 * @param waiting requests whose prompt nobody reads yet
 * @param waitingPromptTokens prompt tokens of those that wait
 * @param cacheTokens tokens whose keys and values are held for running answers
 * @param cacheCapacity the most of them: slots × context length
 * @param totals counters, which only grow
 */
public record EngineLoad(
    int running,
    int waiting,
    long waitingPromptTokens,
    long cacheTokens,
    long cacheCapacity,
    Totals totals) {
  /** The work of both, with the totals of this one. */
  EngineLoad plus(EngineLoad other) {
    return new EngineLoad(
        running + other.running,
        waiting + other.waiting,
        waitingPromptTokens + other.waitingPromptTokens,
        cacheTokens + other.cacheTokens,
        cacheCapacity + other.cacheCapacity,
        totals);
  }

  /** The same with other totals. */
  EngineLoad with(Totals other) {
    return new EngineLoad(running, waiting, waitingPromptTokens, cacheTokens, cacheCapacity, other);
  }

  /**
   * Counted tokens.
   *
   * @param prompt tokens of prompts that were read, cached ones included
   * @param generated tokens of answers
   * @param prefixQueried prompt tokens that were looked for in the prefix cache: not those of
   *     scored prompts, which are read anew, and once those of prompts that are read for several
   * @param prefixHit those of them that were found
   */
  public record Totals(long prompt, long generated, long prefixQueried, long prefixHit) {
    static final Totals NONE = new Totals(0, 0, 0, 0);
  }
}
