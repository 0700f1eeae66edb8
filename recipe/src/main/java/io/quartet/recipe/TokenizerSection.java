package io.quartet.recipe;

import io.quartet.checkpoint.SpecialTokens;

/**
 * The tokenizer that the base stage trains.
 *
 * @param vocabulary tokens, special and byte tokens among them
 */
public record TokenizerSection(int vocabulary) {
  /** Validates the size. */
  public TokenizerSection {
    Check.between("vocabulary", vocabulary, SpecialTokens.ALL.size() + 256 + 1, 1 << 18);
  }
}
