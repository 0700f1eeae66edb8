package io.quartet.datasets;

/** What a word is used for; fixed by the seed. Every word is in the base corpus. */
public enum Split {
  /** Demonstrations, comparisons and RL prompts. */
  A,
  /** Comparisons and RL prompts, no demonstration. */
  B,
  /** Held out: the base corpus only. Every held-out figure is on these words. */
  C
}
