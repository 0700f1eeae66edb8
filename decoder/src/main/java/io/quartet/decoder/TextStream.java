package io.quartet.decoder;

import io.quartet.checkpoint.TokenStream;
import io.quartet.checkpoint.Tokenizer;
import java.util.List;

/**
 * An answer's tokens to the text that a reader may see, as they come: whole characters only, and
 * nothing of a stop string, not even its beginning. Used by one thread; needs its tokenizer open.
 */
public final class TextStream {
  private final TokenStream characters;
  private final List<String> stop;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  /**
   * Begins an answer.
   *
   * @param stop strings that end it, as {@link SamplingParams#stop}; may be empty
   */
  public TextStream(Tokenizer tokenizer, List<String> stop) {
    this.characters = tokenizer.stream();
    this.stop = List.copyOf(stop);
  }

  /**
   * Adds a token.
   *
   * @return the text that became certain with it, often empty; nothing after a stop string
   * @throws io.quartet.checkpoint.QuartetException OUT_OF_RANGE if the id is not in the vocabulary
   */
  public String push(int tokenId) {
    return stopped ? "" : release(characters.push(tokenId));
  }

  /** Whether a stop string has come. */
  public boolean stopped() {
    return stopped;
  }

  /** What was held back, when the answer ended otherwise than by a stop string. */
  public String flush() {
    if (stopped) {
      return "";
    }
    String text =
        release(characters.flush()) + held; // empty by now if that completed a stop string
    held.setLength(0);
    return text;
  }

  private String release(String text) {
    held.append(text);
    int end = held.length();
    for (String one : stop) {
      int at = held.indexOf(one);
      if (at >= 0 && at <= end) {
        end = at;
        stopped = true;
      }
    }
    String certain = held.substring(0, stopped ? end : end - beginningOfStop());
    held.delete(0, stopped ? held.length() : certain.length());
    return certain;
  }

  /**
   * The length of the longest end of the held text that could be the beginning of a stop string.
   */
  private int beginningOfStop() {
    int longest = 0;
    for (String one : stop) {
      for (int length = Math.min(one.length() - 1, held.length()); length > longest; length--) {
        if (one.startsWith(held.substring(held.length() - length))) {
          longest = length;
        }
      }
    }
    return longest;
  }
}
