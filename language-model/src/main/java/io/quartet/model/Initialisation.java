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

  /** A fresh head of one number, which reads behind the last norm. */
  static Start head(ModelConfig config) {
    return Start.normal(0.02 / lastGain(config));
  }

  /** The gain of the last norm: small where it has to undo the scale of a tied embedding. */
  static double lastGain(ModelConfig config) {
    return config.tiedEmbeddings() && config.unitEmbeddings()
        ? Math.pow(config.hiddenSize(), -0.5)
        : 1;
  }

  /**
   * What to multiply a weight's learning rate by, and divide its weight decay by, so that it moves
   * as far for its size as in the usual parametrisation: √D for the embedding, D^-½ for the gain of
   * the last norm where that begins small, and its inverse for a head that reads behind that norm.
   * A model that began elsewhere began in the usual parametrisation: there it is 1.
   */
  static double learningRateScale(String name, ModelConfig config) {
    if (name.endsWith("embed_tokens.weight")) {
      return config.unitEmbeddings() ? Math.sqrt(config.hiddenSize()) : 1;
    }
    if (name.endsWith("model.norm.weight")) {
      return lastGain(config);
    }
    return name.endsWith("score.weight") || name.endsWith("critic.weight")
        ? 1 / lastGain(config)
        : 1;
  }
}
