package io.quartet.model;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** y = g · x / √(mean(x²) + ε); Zhang and Sennrich 2019, arXiv:1910.07467. */
final class RmsNorm extends Module {
  private final Tensor gain;
  private final long width;
  private final double epsilon;

  RmsNorm(WeightSource source, String name, long width, double epsilon, double gain) {
    this.gain =
        register_parameter(
            "weight",
            source.weight(name + ".weight", WeightSource.Start.constant(gain), width),
            true);
    this.width = width;
    this.epsilon = epsilon;
  }

  /** fp32 [.., D] to fp32 [.., D]. */
  Tensor forward(Tensor x) {
    return torch.rms_norm(
        x, new long[] {width}, new TensorOptional(gain), new DoubleOptional(epsilon));
  }
}
