package io.quartet.checkpoint;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Random texts for property tests; the same for the same seed. */
final class Texts {
  private static final String[] SNIPPETS = {
    "the",
    " dog",
    "'s",
    "'LL",
    "'\u017f",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "\u00a0",
    "\u3000",
    "\u0085",
    "1",
    "12345",
    "\u0663\u0664",
    "\u00bd",
    "...",
    "!?",
    "<|end|>",
    "<|user|>",
    "<|",
    "é",
    "e\u0301",
    "ß",
    "İ",
    "漢字",
    "한국어",
    "😀",
    "👩‍👩‍👧",
    "\u200b",
    "\ufeff",
    "\u0000",
    "\u0007",
    "\ufffd",
    "𝔘",
    "ﬁ"
  };

  private Texts() {}

  /** Words of letters from an alphabet, one text for each. */
  static List<String> words(Random random, String alphabet, int count) {
    List<String> words = new ArrayList<>();
    for (int w = 0; w < count; w++) {
      var word = new StringBuilder();
      for (int length = 1 + random.nextInt(8); length > 0; length--) {
        word.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      words.add(word.toString());
    }
    return words;
  }

  /** Any Unicode: snippets that tokenizers trip over among random code points of every plane. */
  static String unicode(Random random) {
    return unicode(random, Character.MAX_CODE_POINT);
  }

  /** Unicode whose letters are letters in every Unicode version that a regex engine may have. */
  static String settledUnicode(Random random) {
    return unicode(random, 0x7ff);
  }

  private static String unicode(Random random, int highest) {
    var text = new StringBuilder();
    for (int n = random.nextInt(40); n > 0; n--) {
      switch (random.nextInt(4)) {
        case 0 -> text.append((char) (' ' + random.nextInt(95)));
        case 1 -> text.appendCodePoint(scalar(random, highest));
        default -> text.append(SNIPPETS[random.nextInt(SNIPPETS.length)]);
      }
    }
    return text.toString();
  }

  /** Text of about so many characters over a vocabulary whose words come as in a language. */
  static String zipf(Random random, int vocabulary, int characters) {
    List<String> words = words(random, "abcdefghijklmnopqrstuvwxyz", vocabulary);
    var text = new StringBuilder(characters + 16);
    while (text.length() < characters) {
      int rank = (int) (Math.pow(vocabulary, random.nextDouble())) - 1;
      text.append(words.get(rank)).append(' ');
    }
    return text.toString();
  }

  private static int scalar(Random random, int highest) {
    int codePoint = random.nextInt(highest + 1);
    boolean surrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
    return surrogate ? 0xfffd : codePoint;
  }
}
