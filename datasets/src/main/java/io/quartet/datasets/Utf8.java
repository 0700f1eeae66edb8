package io.quartet.datasets;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** UTF-8, strictly: a byte that is none is not replaced. */
final class Utf8 {
  /** What is said of a row with such a byte. */
  static final String BROKEN = "bytes that are not UTF-8";

  private static final char REPLACEMENT = '\ufffd';

  private Utf8() {}

  static String decode(byte[] bytes, int from, int length) throws CharacterCodingException {
    // A decoder holds two bytes for each, which a small heap has to find in one piece.
    String text = new String(bytes, from, length, StandardCharsets.UTF_8);
    return text.indexOf(REPLACEMENT) < 0 ? text : decodeStrictly(bytes, from, length);
  }

  private static String decodeStrictly(byte[] bytes, int from, int length)
      throws CharacterCodingException {
    return StandardCharsets.UTF_8
        .newDecoder()
        .decode(ByteBuffer.wrap(bytes, from, length))
        .toString();
  }

  /** Length of the byte order mark that some programs put before a file's text; 0 for none. */
  static int mark(byte[] bytes, int length) {
    boolean marked =
        length >= 3
            && bytes[0] == (byte) 0xef
            && bytes[1] == (byte) 0xbb
            && bytes[2] == (byte) 0xbf;
    return marked ? 3 : 0;
  }
}
