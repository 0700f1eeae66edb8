package io.quartet.model;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.model.WeightSource.Start;

/**
 * How weights begin so that a small model learns at once, in a layout that is plain Llama.
 *
 * <p>The embedding has unit scale and the last norm begins at D^-½, so both the residual stream and
 * the logits of a tied output begin at unit scale with no multiplier at run time. It is the usual
 * parametrisation (embedding d^-½, input times √D) with the factor moved into the weights; as Adam
 * does not see a parameter's scale, the embedding's learning rate has to move along ({@link
 * #learningRateScale}).
 */
final class Initialisation {
  private Initialisation() {}

  /** The token embedding. */
  static Start embedding(ModelConfig config) {
    return Start.normal(1);
  }

  /** A projection from the residual stream. */
  static Start inner(int inputs) {
    return Start.normal(Math.pow(inputs, -0.5));
  }

  /** A projection into the residual stream: 2·layers of them add up to unit scale. */
  static Start residual(int inputs, int layers) {
    return Start.normal(Math.pow(inputs, -0.5) / Math.sqrt(2.0 * layers));
  }

  /** The gain of the last norm: small where it has to undo the scale of a tied embedding. */
  static double lastGain(ModelConfig config) {
    return config.tiedEmbeddings() ? Math.pow(config.hiddenSize(), -0.5) : 1;
  }

  /**
   * What to multiply a weight's learning rate by (and divide its weight decay by): √D for the
   * embedding.
   */
  static double learningRateScale(String name, ModelConfig config) {
    return name.endsWith("embed_tokens.weight") ? Math.sqrt(config.hiddenSize()) : 1;
  }
}
