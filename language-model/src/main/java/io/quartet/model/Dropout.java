package io.quartet.model;

import java.util.OptionalLong;
import org.bytedeco.pytorch.Generator;
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
    var generator = new GeneratorOptional(generator(x, WeightSource.mix(seed.getAsLong(), name)));
    Tensor kept = torch.empty_like(x.detach()).bernoulli_(1 - share, generator);
    return x.mul(kept.mul_(new Scalar((float) (1 / (1 - share)))));
  }

  /** One of its own for every call, where the tensor is. */
  private static Generator generator(Tensor x, long seed) {
    if (!x.is_cuda()) {
      return torch.make_generator_cpu(seed);
    }
    Generator generator =
        torch.globalContext().getAcceleratorHooksInterface().getNewGenerator(x.device().index());
    generator.set_current_seed(seed);
    return generator;
  }
}
