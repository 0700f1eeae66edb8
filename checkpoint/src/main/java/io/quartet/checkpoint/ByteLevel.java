package io.quartet.checkpoint;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * GPT-2's byte alphabet: every byte has one printable character, so that {@code tokenizer.json} can
 * spell tokens that are not whole UTF-8.
 */
final class ByteLevel {
  private static final char[] CHARACTERS = new char[256];
  private static final int[] BYTES = new int[512];

  static {
    Arrays.fill(BYTES, -1);
    char next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae;
      CHARACTERS[b] = printable ? (char) b : next++;
      BYTES[CHARACTERS[b]] = b;
    }
  }

  private ByteLevel() {}

  /** The spelling of some bytes. */
  static String spell(byte[] bytes) {
    var spelling = new StringBuilder(bytes.length);
    for (byte b : bytes) {
      spelling.append(CHARACTERS[b & 0xff]);
    }
    return spelling.toString();
  }

  /** The bytes of a spelling, or null if a character is not of the alphabet. */
  static byte @Nullable [] bytes(String spelling) {
    var bytes = new ByteArrayOutputStream(spelling.length());
    for (int i = 0; i < spelling.length(); i++) {
      char c = spelling.charAt(i);
      if (c >= BYTES.length || BYTES[c] < 0) {
        return null;
      }
      bytes.write(BYTES[c]);
    }
    return bytes.toByteArray();
  }
}
