package io.quartet.checkpoint;

import java.util.function.IntFunction;

/**
 * Tokens to text as they are generated. A character is handed out when its last byte has come, so a
 * reader never sees half of one; all that was handed out is what decoding at once gives. Used by
 * one thread.
 *
 * <p>Bytes that are not UTF-8 become U+FFFD as in the <a
 * href="https://encoding.spec.whatwg.org/#utf-8-decoder">Encoding Standard</a>, and so in Hugging
 * Face's library; Java's own decoder counts the surrogates' three bytes as one error, they as
 * three.
 */
public final class TokenStream {
  private static final char REPLACEMENT = '\ufffd';

  private final IntFunction<byte[]> tokenBytes;
  private int codePoint;
  private int missing;
  private int lowest;
  private int highest;

  TokenStream(IntFunction<byte[]> tokenBytes) {
    this.tokenBytes = tokenBytes;
  }

  /**
   * The characters that one more token completes; often none, or several.
   *
   * @throws QuartetException OUT_OF_RANGE if the id is not in the vocabulary
   */
  public String push(int id) {
    var text = new StringBuilder();
    push(id, text);
    return text.toString();
  }

  void push(int id, StringBuilder text) {
    for (byte b : tokenBytes.apply(id)) {
      pushByte(b & 0xff, text);
    }
  }

  /** What is left at the end: U+FFFD for a character that was never completed, else nothing. */
  public String flush() {
    boolean incomplete = missing > 0;
    missing = 0;
    return incomplete ? String.valueOf(REPLACEMENT) : "";
  }

  private void pushByte(int b, StringBuilder text) {
    if (missing > 0 && (b < lowest || b > highest)) {
      text.append(flush());
    }
    if (missing > 0) {
      continueCharacter(b, text);
    } else {
      beginCharacter(b, text);
    }
  }

  private void continueCharacter(int b, StringBuilder text) {
    codePoint = codePoint << 6 | b & 0x3f;
    expect(missing - 1, 0x80, 0xbf);
    if (missing == 0) {
      text.appendCodePoint(codePoint);
    }
  }

  /** The second byte's range keeps out overlong forms, surrogates and what is beyond U+10FFFF. */
  private void beginCharacter(int b, StringBuilder text) {
    if (b < 0x80) {
      text.append((char) b);
    } else if (b >= 0xc2 && b <= 0xdf) {
      codePoint = b & 0x1f;
      expect(1, 0x80, 0xbf);
    } else if (b >= 0xe0 && b <= 0xef) {
      codePoint = b & 0x0f;
      expect(2, b == 0xe0 ? 0xa0 : 0x80, b == 0xed ? 0x9f : 0xbf);
    } else if (b >= 0xf0 && b <= 0xf4) {
      codePoint = b & 0x07;
      expect(3, b == 0xf0 ? 0x90 : 0x80, b == 0xf4 ? 0x8f : 0xbf);
    } else {
      text.append(REPLACEMENT);
    }
  }

  private void expect(int bytes, int from, int to) {
    missing = bytes;
    lowest = from;
    highest = to;
  }
}
