package io.quartet.gateway;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What keeps a request on the same side of every canary as others like it: all requests of one user
 * see the same weights.
 *
 * @param of a user's name, or a seed
 */
record Sticky(String of) {
  private static final int BUCKETS = 10_000;

  /** Goes either way. */
  static Sticky toNothing() {
    return new Sticky(Long.toString(ThreadLocalRandom.current().nextLong()));
  }

  /**
   * Whether it is among the share of requests that go to a canary.
   *
   * @param canary its id: another canary is for other users
   * @param percent the share
   */
  boolean within(String canary, int percent) {
    byte[] bytes = (canary + "\0" + of).getBytes(StandardCharsets.UTF_8);
    try {
      int hash = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(bytes)).getInt();
      return Integer.remainderUnsigned(hash, BUCKETS) < percent * (BUCKETS / 100);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }
}
