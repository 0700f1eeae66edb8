package io.quartet.checkpoint;

/**
 * How Llama 3.1 stretches rotary positions over a longer context than it was pretrained on: {@code
 * rope_type: llama3}. Wavelengths beyond {@code originalContext / lowFrequencyFactor} are divided
 * by {@code factor}, those below {@code originalContext / highFrequencyFactor} stay, and between
 * the two the frequency is blended. Grattafiori et al. 2024, arXiv:2407.21783.
 *
 * @param factor what low frequencies are divided by
 * @param lowFrequencyFactor the original context in the shortest wavelength that is divided
 * @param highFrequencyFactor the original context in the longest wavelength that stays
 * @param originalContext tokens of the context before stretching
 */
public record RopeScaling(
    double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalContext) {
  /** Checks the values; INVALID_ARGUMENT names the first that is impossible. */
  public RopeScaling {
    ModelConfig.requirePositive("rope_scaling.factor", factor);
    ModelConfig.requirePositive("rope_scaling.low_freq_factor", lowFrequencyFactor);
    if (!(highFrequencyFactor > lowFrequencyFactor) || Double.isInfinite(highFrequencyFactor)) {
      throw ModelConfig.invalid(
          "rope_scaling.high_freq_factor %s, expected more than low_freq_factor %s",
          highFrequencyFactor, lowFrequencyFactor);
    }
    ModelConfig.requirePositive("rope_scaling.original_max_position_embeddings", originalContext);
  }

  /** The stretched frequency, in radians a position. */
  double scale(double frequency) {
    double turns = originalContext * frequency / (2 * Math.PI);
    if (turns < lowFrequencyFactor) {
      return frequency / factor;
    }
    if (turns > highFrequencyFactor) {
      return frequency;
    }
    double kept = (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
    return (1 - kept) * frequency / factor + kept * frequency;
  }
}
