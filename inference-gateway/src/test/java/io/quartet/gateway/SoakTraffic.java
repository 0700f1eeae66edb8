package io.quartet.gateway;

import java.util.SplittableRandom;

/** What users do to a gateway, good and bad; each method is one round of one user. */
interface SoakTraffic {
  /** Reads a whole streamed answer; only a full queue excuses the gateway from giving it. */
  void read() throws Exception;

  /** Goes away in the middle of an answer that would never end. */
  void leave(SplittableRandom random) throws Exception;

  /** Takes a message every tenth of a second, of an answer that grows all the time, then leaves. */
  void dawdle(int messages) throws Exception;

  /** Asks for many answers at once: each is whole, or refused at once. */
  void storm(int requests) throws Exception;
}
