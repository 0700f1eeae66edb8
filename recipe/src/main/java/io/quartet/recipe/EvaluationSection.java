package io.quartet.recipe;

/**
 * How every stage is measured on the held-out words.
 *
 * @param samplesPerWord answers to each word
 * @param temperature of the answers
 * @param maxTokens longest answer
 */
public record EvaluationSection(int samplesPerWord, double temperature, int maxTokens) {
  /** Validates the values. */
  public EvaluationSection {
    Check.between("samples_per_word", samplesPerWord, 1, 256);
    Check.between("temperature", temperature, 0, 10);
    Check.atLeast("max_tokens", maxTokens, 1);
  }
}
