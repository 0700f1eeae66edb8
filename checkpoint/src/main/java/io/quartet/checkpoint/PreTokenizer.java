package io.quartet.checkpoint;

import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * GPT-4's split of text into the pieces that BPE may merge within: a word with the space before it,
 * up to three digits, a run of punctuation, white space.
 *
 * <p>The pattern is cl100k_base's of <a href="https://github.com/openai/tiktoken">tiktoken</a>, in
 * the spelling that Oniguruma (Hugging Face) and Java read alike.
 */
final class PreTokenizer {
  static final String PATTERN =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
          + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
          + "|\\p{N}{1,3}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
          + "|\\s*[\\r\\n]+"
          + "|\\s+(?!\\S)"
          + "|\\s+";

  private static final Pattern COMPILED =
      Pattern.compile(PATTERN, Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNICODE_CASE);

  private PreTokenizer() {}

  /** Hands on the pieces in order; together they are the text. */
  static void split(String text, Consumer<String> piece) {
    Matcher matcher = COMPILED.matcher(text);
    while (matcher.find()) {
      piece.accept(matcher.group());
    }
  }
}
