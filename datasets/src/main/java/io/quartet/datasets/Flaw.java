package io.quartet.datasets;

import java.util.Locale;

/** What is done to an ideal answer to build the worse one of a comparison. */
public enum Flaw {
  /** Another word's gloss. */
  OTHER_GLOSS,
  /** One end of the gloss is another word's. */
  MIXED_GLOSS,
  /** Another part of speech. */
  WRONG_PART_OF_SPEECH,
  /** No part of speech. */
  NO_PART_OF_SPEECH,
  /** "It" instead of the word. */
  UNNAMED,
  /** Goes on about another word. */
  RAMBLING,
  /** Ends in the middle of the gloss. */
  TRUNCATED,
  /** Goes on about another word until it is cut off. */
  NEVER_ENDING;

  /** The name in reports: {@code other_gloss}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
