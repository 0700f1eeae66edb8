package io.quartet.gateway.openai;

import io.quartet.checkpoint.TokenStream;
import io.quartet.checkpoint.Tokenizer;
import java.nio.charset.StandardCharsets;

/** Tokens as a reader of log-probabilities sees them, one by one. Used by one thread. */
final class Spelling {
  private final Tokenizer tokenizer;
  private final TokenStream characters;
  private int offset;

  Spelling(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    this.characters = tokenizer.stream();
  }

  /** A token's bytes; none for a special token and for the padding of a model's vocabulary. */
  byte[] bytes(int token) {
    return token < tokenizer.vocabularySize() ? tokenizer.bytes(token) : new byte[0];
  }

  /** A token's text; a part of a character is U+FFFD, which is why the bytes are told as well. */
  String text(int token) {
    return new String(bytes(token), StandardCharsets.UTF_8);
  }

  /** Where in the whole text a token begins; each is asked for once, in their order. */
  int place(int token) {
    int place = offset;
    if (token < tokenizer.vocabularySize()) {
      offset += characters.push(token).length();
    }
    return place;
  }
}
