package io.quartet.model;

import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** y = x·Wᵀ without bias, computed in the precision of x; W [out, in] is fp32. */
final class Linear extends Module {
  private final Tensor weight;

  Linear(WeightSource source, String name, WeightSource.Start start, long outputs, long inputs) {
    weight =
        register_parameter("weight", source.weight(name + ".weight", start, outputs, inputs), true);
  }

  Tensor weight() {
    return weight;
  }

  /** [.., in] to [.., out]. */
  Tensor forward(Tensor x) {
    return torch.linear(x, weight.to(x.scalar_type()));
  }
}
