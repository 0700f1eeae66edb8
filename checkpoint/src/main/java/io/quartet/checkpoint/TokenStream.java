package io.quartet.checkpoint;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;

/**
 * Tokens to text as they are generated. A character is handed out when its last byte has come, so a
 * reader never sees half of one; all that was handed out is what decoding at once gives. Used by
 * one thread.
 */
public final class TokenStream {
  private static final int LONGEST_CHARACTER = 4;

  private final IntFunction<byte[]> tokenBytes;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private ByteBuffer pending = ByteBuffer.allocate(LONGEST_CHARACTER);

  TokenStream(IntFunction<byte[]> tokenBytes) {
    this.tokenBytes = tokenBytes;
  }

  /**
   * The characters that one more token completes; often none, or several.
   *
   * @throws QuartetException OUT_OF_RANGE if the id is not in the vocabulary
   */
  public String push(int id) {
    return decode(tokenBytes.apply(id), false);
  }

  /** What is left at the end: U+FFFD for a character that was never completed, else nothing. */
  public String flush() {
    String rest = decode(new byte[0], true);
    decoder.reset();
    return rest;
  }

  private String decode(byte[] bytes, boolean last) {
    ByteBuffer input = ByteBuffer.allocate(pending.position() + bytes.length);
    input.put(pending.flip()).put(bytes).flip();
    CharBuffer output = CharBuffer.allocate(input.remaining() + LONGEST_CHARACTER);
    decoder.decode(input, output, last);
    if (last) {
      decoder.flush(output);
    }
    pending = ByteBuffer.allocate(input.remaining() + LONGEST_CHARACTER).put(input);
    return output.flip().toString();
  }
}
