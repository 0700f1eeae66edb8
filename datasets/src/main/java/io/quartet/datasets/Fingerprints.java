package io.quartet.datasets;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * Which contents were seen, by the first 128 bits of their SHA-256, in 32 to 64 bytes of memory
 * each. Open addressing with linear probing.
 */
final class Fingerprints {
  private long[] table = new long[2 << 10]; // two longs a slot; two zeros are a free one
  private int size;

  /** Whether these parts, in this order, come for the first time. */
  boolean add(List<String> parts) {
    MessageDigest digest = sha256();
    for (String part : parts) {
      byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
      digest.update(bytes);
    }
    ByteBuffer hash = ByteBuffer.wrap(digest.digest());
    return add(hash.getLong(), hash.getLong() | 1); // never two zeros
  }

  private boolean add(long high, long low) {
    if (4L * size >= table.length) { // half full
      grow();
    }
    if (!put(table, high, low)) {
      return false;
    }
    size++;
    return true;
  }

  private void grow() {
    long[] larger = new long[Math.multiplyExact(2, table.length)];
    for (int i = 0; i < table.length; i += 2) {
      if (table[i + 1] != 0) {
        put(larger, table[i], table[i + 1]);
      }
    }
    table = larger;
  }

  private static boolean put(long[] table, long high, long low) {
    int slots = table.length / 2;
    int slot = (int) (high & (slots - 1));
    while (table[2 * slot + 1] != 0) {
      if (table[2 * slot] == high && table[2 * slot + 1] == low) {
        return false;
      }
      slot = (slot + 1) & (slots - 1);
    }
    table[2 * slot] = high;
    table[2 * slot + 1] = low;
    return true;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
