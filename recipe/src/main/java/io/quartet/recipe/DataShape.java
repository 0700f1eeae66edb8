package io.quartet.recipe;

import java.util.Locale;

/** How the rows of a data file are laid out; the names that {@code shape:} takes. */
public enum DataShape {
  /** {@code text}: a document. */
  TEXT,
  /** OpenAI's {@code messages} of {@code role} and {@code content}. */
  MESSAGES,
  /**
   * ShareGPT's {@code conversations} of {@code from} and {@code value}; a comparison has {@code
   * chosen} and {@code rejected} turns beside it.
   */
  SHAREGPT,
  /** Alpaca's {@code instruction}, {@code input} and {@code output}. */
  ALPACA,
  /** {@code prompt} alone, or with {@code chosen} and {@code rejected}. */
  PAIRS,
  /** Anthropic's transcripts {@code chosen} and {@code rejected} of "Human:" and "Assistant:". */
  HH,
  /** {@code prompt} and {@code answers}, best first or with {@code scores}. */
  RANKED;

  /** The name in a recipe. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
