package io.quartet.checkpoint;

/**
 * Takes the white space out of a template that Jinja would not print, and the marks that say so
 * ({@code {%-}, {@code -%}}), with {@code trim_blocks} and {@code lstrip_blocks} on as in
 * transformers. Jinjava has both of its own, but strips less.
 */
final class JinjaWhitespace {
  private final String source;
  private final StringBuilder result = new StringBuilder();

  private JinjaWhitespace(String source) {
    this.source = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
  }

  static String settled(String template) {
    return new JinjaWhitespace(template).settle();
  }

  private String settle() {
    boolean atLineStart = true;
    boolean stripped = false;
    int from = 0;
    while (from < source.length()) {
      int tag = nextTag(from);
      String text = source.substring(from, tag);
      if (stripped) {
        text = text.stripLeading();
      } else if (atLineStart && from > 0 && text.startsWith("\n")) {
        text = text.substring(1);
      }
      if (tag == source.length()) {
        return result.append(text).toString();
      }
      char kind = source.charAt(tag + 1);
      char mark = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
      if (mark == '-') {
        text = text.stripTrailing();
      } else if (kind != '{' && mark != '+') {
        text = withoutIndent(text, atLineStart);
      }
      int end = tagEnd(tag, kind);
      boolean marked = mark == '-' || mark == '+';
      char last = source.charAt(end - 3);
      boolean markedAtEnd = last == '-' || last == '+';
      if (kind != '#') {
        result.append(text).append(source, tag, tag + 2);
        result.append(source, tag + (marked ? 3 : 2), end - (markedAtEnd ? 3 : 2));
        result.append(source, end - 2, end);
      } else {
        result.append(text);
      }
      stripped = last == '-';
      // After a block, the end of its line is not printed.
      atLineStart = kind != '{' && last != '+' && source.startsWith("\n", end);
      from = end;
    }
    return result.toString();
  }

  private int nextTag(int from) {
    for (int at = source.indexOf('{', from); at >= 0; at = source.indexOf('{', at + 1)) {
      if (at + 1 < source.length() && "{%#".indexOf(source.charAt(at + 1)) >= 0) {
        return at;
      }
    }
    return source.length();
  }

  /** Behind the tag's closing brace; quoted text inside it may look like one. */
  private int tagEnd(int tag, char kind) {
    String closing = kind == '{' ? "}}" : kind + "}";
    char quote = 0;
    for (int at = tag + 2; at < source.length(); at++) {
      char c = source.charAt(at);
      if (quote != 0) {
        if (c == '\\') {
          at++;
        } else if (c == quote) {
          quote = 0;
        }
      } else if (kind != '#' && (c == '\'' || c == '"')) {
        quote = c;
      } else if (source.startsWith(closing, at)) {
        return at + 2;
      }
    }
    throw new QuartetException(
        ErrorCode.INVALID_ARGUMENT,
        "chat template: a tag is not closed, expected %s".formatted(closing));
  }

  /** Without spaces between the line's beginning and its end, if that is all there is. */
  private static String withoutIndent(String text, boolean atLineStart) {
    int end = text.length();
    while (end > 0 && (text.charAt(end - 1) == ' ' || text.charAt(end - 1) == '\t')) {
      end--;
    }
    boolean whole = end == 0 ? atLineStart : text.charAt(end - 1) == '\n';
    return whole ? text.substring(0, end) : text;
  }
}
