package io.quartet.model;

import java.util.OptionalLong;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Sets a share of elements to zero and makes the others larger by as much. Which ones follows from
 * a seed and a name alone, so that the same are dropped whenever the same passage comes through.
 *
 * @param share 0 to less than 1; 0 changes nothing
 * @param seed of the pass; empty where nothing is dropped, as in evaluation
 */
record Dropout(double share, OptionalLong seed) {
  /**
   * A tensor with some elements dropped.
   *
   * @param name of the place in the model
   */
  Tensor apply(Tensor x, String name) {
    if (share == 0 || seed.isEmpty()) {
      return x;
    }
    var generator = torch.make_generator_cpu(WeightSource.mix(seed.getAsLong(), name));
    Tensor kept =
        torch.empty_like(x.detach()).bernoulli_(1 - share, new GeneratorOptional(generator));
    return x.mul(kept.mul_(new Scalar((float) (1 / (1 - share)))));
  }
}
