package io.quartet.gateway;

import java.util.List;

/**
 * Looks for the first of several strings in a text that arrives in pieces, and never lets out a
 * piece that may turn out to be the beginning of one. Used by one thread.
 */
final class StopStrings {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean matched;

  StopStrings(List<String> stops) {
    this.stops = List.copyOf(stops);
  }

  /** Takes a piece; returns what can be no part of a stop string. */
  String push(String piece) {
    if (matched) {
      return "";
    }
    held.append(piece);
    int first = firstMatch();
    if (first >= 0) {
      matched = true;
      return held.substring(0, first);
    }
    return release(held.length() - longestBeginning());
  }

  /** The text is over: what was held back is text after all. */
  String flush() {
    return matched ? "" : release(held.length());
  }

  /** Whether a stop string came; everything from it on is swallowed. */
  boolean matched() {
    return matched;
  }

  private int firstMatch() {
    return stops.stream().mapToInt(held::indexOf).filter(at -> at >= 0).min().orElse(-1);
  }

  /** How many characters at the end may begin a stop string. */
  private int longestBeginning() {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (stop.startsWith(held.substring(held.length() - n))) {
          longest = n;
        }
      }
    }
    return longest;
  }

  private String release(int length) {
    String text = held.substring(0, length);
    held.delete(0, length);
    return text;
  }
}
