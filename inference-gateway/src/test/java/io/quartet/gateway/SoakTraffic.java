package io.quartet.gateway;

import java.util.SplittableRandom;

/** What users do to a gateway, good and bad; each method is one round of one user. */
interface SoakTraffic {
  /** The name of weights that stay, or of weights that are replaced all the time. */
  static String either(SplittableRandom random) {
    return random.nextBoolean() ? "rl" : "sft";
  }

  /** Reads a whole streamed answer; only a full queue excuses the gateway from giving it. */
  void read() throws Exception;

  /** Goes away in the middle of an answer, of weights that stay or of weights that are replaced. */
  void leave(SplittableRandom random) throws Exception;

  /**
   * Takes a message every tenth of a second, of an answer that grows all the time or is long done,
   * then leaves.
   */
  void dawdle(SplittableRandom random, int messages) throws Exception;

  /** Asks for many answers at once: each is whole, or refused at once. */
  void storm(int requests) throws Exception;
}
