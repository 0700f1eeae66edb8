package io.quartet.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Passages of a user's documents for the later stages to repeat: of any number of documents a
 * uniform sample (Vitter 1985, algorithm R), so that it fits into memory.
 */
final class OwnPassages {
  /** Passages that are kept. */
  static final int MOST = 4096;

  private final int characters;
  private final SplittableRandom random;
  private final List<Document> kept = new ArrayList<>();
  private long seen;

  /**
   * @param characters the most that a passage has
   */
  OwnPassages(int characters, SplittableRandom random) {
    this.characters = characters;
    this.random = random;
  }

  /** Offers a document's passages. */
  void add(Document document) {
    String text = document.text();
    for (int from = 0; from < text.length(); ) {
      int to = end(text, from);
      String passage = text.substring(from, to);
      if (!passage.isBlank()) {
        offer(new Document(passage));
      }
      from = to;
    }
  }

  /** The end of a passage: before white space if there is some in its second half. */
  private int end(String text, int from) {
    int limit = from + characters;
    if (limit >= text.length()) {
      return text.length();
    }
    for (int i = limit; i > from + characters / 2; i--) {
      if (Character.isWhitespace(text.charAt(i))) {
        return i;
      }
    }
    return Character.isLowSurrogate(text.charAt(limit)) ? limit - 1 : limit;
  }

  private void offer(Document passage) {
    seen++;
    if (kept.size() < MOST) {
      kept.add(passage);
    } else {
      long place = random.nextLong(seen);
      if (place < MOST) {
        kept.set((int) place, passage);
      }
    }
  }

  /** The sample. */
  List<Document> kept() {
    return kept;
  }
}
