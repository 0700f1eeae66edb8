package io.quartet.datasets;

/**
 * How a demonstrator answers. People who write demonstrations differ; fine-tuning imitates the
 * average of them.
 */
public enum Habit {
  /** As the labelling instructions say. */
  IDEAL,
  /** Leaves the part of speech out. */
  NO_PART_OF_SPEECH,
  /** Says "it" and does not name the word. */
  UNNAMED,
  /** Goes on about another word. */
  RAMBLING,
  /** Gives another word's fact for this one. */
  WRONG_GLOSS,
  /** Gives another part of speech. */
  WRONG_PART_OF_SPEECH
}
