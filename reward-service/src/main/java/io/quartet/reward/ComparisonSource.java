package io.quartet.reward;

import java.util.SplittableRandom;

/** Where ranked answers come from: the lessons' labeller, or a user's files. */
interface ComparisonSource {
  /** Draws the answers to one prompt, of which at least two differ in rating. */
  RatedAnswers draw(SplittableRandom random);
}
