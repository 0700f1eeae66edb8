package io.quartet.gateway;

import io.quartet.checkpoint.TokenStream;
import io.quartet.checkpoint.Tokenizer;
import java.util.List;

/**
 * An answer's tokens as the text that its reader sees: whole characters, nothing of a stop string,
 * and for chat no white space around. Used by one thread.
 */
final class AnswerText {
  private final int vocabulary;
  private final TokenStream characters;
  private final StopStrings stops;
  private final boolean trimmed;
  private final StringBuilder space = new StringBuilder();
  private boolean begun;

  /**
   * @param stop strings that end the text
   * @param trimmed whether white space around the text is left out
   */
  AnswerText(Tokenizer tokenizer, List<String> stop, boolean trimmed) {
    this.vocabulary = tokenizer.vocabularySize();
    this.characters = tokenizer.stream();
    this.stops = new StopStrings(stop);
    this.trimmed = trimmed;
  }

  /** The text that one more token lets out; often none. */
  String push(int token) {
    // A model's vocabulary may be padded to a round size: those ids stand for no text.
    return token < vocabulary ? trim(stops.push(characters.push(token))) : "";
  }

  /** What is left at the end. */
  String flush() {
    return trim(stops.push(characters.flush()) + stops.flush());
  }

  /** Whether a stop string came: the answer is over. */
  boolean stopped() {
    return stops.matched();
  }

  /** Keeps white space until something follows it. */
  private String trim(String text) {
    if (!trimmed) {
      return text;
    }
    int end = text.length();
    while (end > 0 && isSpace(text.charAt(end - 1))) {
      end--;
    }
    if (end == 0) {
      space.append(text);
      return "";
    }
    int start = 0;
    while (!begun && isSpace(text.charAt(start))) {
      start++;
    }
    String visible = (begun ? space : "") + text.substring(start, end);
    begun = true;
    space.setLength(0);
    space.append(text, end, text.length());
    return visible;
  }

  /** As in the chat template, which trims what Python takes for white space. */
  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || c == 0x85 || c == 0xa0 || c == 0x2007 || c == 0x202f;
  }
}
