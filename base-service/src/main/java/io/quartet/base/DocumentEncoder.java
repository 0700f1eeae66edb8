package io.quartet.base;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Tokenizer;
import java.util.function.Consumer;

/**
 * A document as tokens between two end-of-text tokens, the second one predicted. A long text is
 * encoded in parts, so that the tokenizer's memory does not grow with it: cut where a line begins
 * with a character that is not white space, which no piece of the tokenizers' patterns spans.
 */
final class DocumentEncoder {
  /** Characters after which a text is cut. */
  static final int PART = 1 << 16;

  private final Tokenizer tokenizer;
  private final ModelConfig config;

  DocumentEncoder(Tokenizer tokenizer, ModelConfig config) {
    this.tokenizer = tokenizer;
    this.config = config;
  }

  /** Hands on the document's tokens, part after part. */
  void encode(String text, Consumer<int[]> tokens) {
    tokens.accept(new int[] {config.beginTokenId()});
    for (int from = 0; from < text.length(); ) {
      int to = end(text, from);
      String part = text.substring(from, to);
      tokens.accept(from == 0 ? tokenizer.encode(part) : tokenizer.encodeContinued(part));
      from = to;
    }
    tokens.accept(new int[] {config.endTokenId()});
  }

  /** Where the part that begins at an index ends: at the first such line after enough of it. */
  private static int end(String text, int from) {
    for (int i = from + PART; i < text.length() && i < from + 2 * PART; i++) {
      if (text.charAt(i - 1) == '\n' && !Character.isWhitespace(text.charAt(i))) {
        return i;
      }
    }
    int longest = from + 2 * PART;
    if (longest >= text.length()) {
      return text.length();
    }
    return Character.isLowSurrogate(text.charAt(longest)) ? longest - 1 : longest;
  }
}
