package io.quartet.gateway.openai;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.quartet.checkpoint.TokenStream;
import io.quartet.checkpoint.Tokenizer;
import java.util.Arrays;
import java.util.Optional;

/** Tokens as a reader of log-probabilities sees them, one by one. Used by one thread. */
final class Spelling {
  private final Tokenizer tokenizer;
  private final TokenStream characters;
  private boolean spaceGoes;
  private int offset;

  /**
   * @param fromBeginning whether the text's first token is among those whose places are asked for
   */
  Spelling(Tokenizer tokenizer, boolean fromBeginning) {
    this.tokenizer = tokenizer;
    this.characters = tokenizer.stream();
    this.spaceGoes = fromBeginning && tokenizer.stripsFirstSpace();
  }

  /** A token's bytes; none for a special token and for the padding of a model's vocabulary. */
  byte[] bytes(int token) {
    return token < tokenizer.vocabularySize() ? tokenizer.bytes(token) : new byte[0];
  }

  /**
   * A token's text, of a special token its name; a part of a character is U+FFFD, for a reader who
   * is told the bytes as well.
   */
  String text(int token) {
    return special(token).orElseGet(() -> new String(bytes(token), UTF_8));
  }

  /** The same for a reader who is told nothing else: a part of a character is in its bytes. */
  String textOrBytes(int token) {
    byte[] bytes = bytes(token);
    String text = text(token);
    return bytes.length == 0 || Arrays.equals(text.getBytes(UTF_8), bytes)
        ? text
        : "bytes:" + escaped(bytes);
  }

  /** As Python shows bytes, and so OpenAI's own API. */
  private static String escaped(byte[] bytes) {
    var text = new StringBuilder();
    for (byte b : bytes) {
      text.append(b >= ' ' && b <= '~' ? String.valueOf((char) b) : "\\x%02x".formatted(b));
    }
    return text.toString();
  }

  private Optional<String> special(int token) {
    return token < tokenizer.vocabularySize() ? tokenizer.special(token) : Optional.empty();
  }

  /**
   * Where in the whole text a token begins, in code points, as Python counts; each is asked for
   * once, in their order.
   */
  int place(int token) {
    int place = offset;
    if (token < tokenizer.vocabularySize()) {
      String text = characters.push(token);
      offset += text.codePointCount(0, text.length());
      if (spaceGoes && !text.isEmpty()) {
        offset -= text.startsWith(" ") ? 1 : 0;
        spaceGoes = false;
      }
    }
    return place;
  }
}
