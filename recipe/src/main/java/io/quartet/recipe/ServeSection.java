package io.quartet.recipe;

/**
 * What the demo and the chat ask for.
 *
 * @param temperature of the answers; 0 is greedy
 * @param topP share of the probability mass to sample from
 * @param maxTokens longest answer
 */
public record ServeSection(double temperature, double topP, int maxTokens) {
  /** Validates the values. */
  public ServeSection {
    Check.between("temperature", temperature, 0, 10);
    Check.between("top_p", topP, 0.001, 1);
    Check.atLeast("max_tokens", maxTokens, 1);
  }
}
