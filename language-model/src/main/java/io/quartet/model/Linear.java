package io.quartet.model;

import java.util.Optional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** y = x·Wᵀ without bias, computed in the precision of x; W [out, in] is fp32, maybe adapted. */
final class Linear extends Module {
  private final Tensor weight;
  private final Optional<LoraBranch> adapter;

  Linear(WeightSource source, String name, WeightSource.Start start, long outputs, long inputs) {
    weight =
        register_parameter("weight", source.weight(name + ".weight", start, outputs, inputs), true);
    adapter =
        source
            .lora()
            .filter(lora -> lora.adapts(name))
            .map(lora -> new LoraBranch(source, this, name, lora, outputs, inputs));
  }

  Tensor weight() {
    return weight;
  }

  /** What is added to W·x, if something is. */
  Optional<LoraBranch> adapter() {
    return adapter;
  }

  /** [.., in] to [.., out] by W alone. */
  Tensor forward(Tensor x) {
    return torch.linear(x, weight.to(x.scalar_type()));
  }

  /** [N, in] to [N, out]. */
  Tensor forward(Tensor x, Passage passage) {
    Tensor y = forward(x);
    return adapter.map(branch -> y.add(branch.forward(x, passage))).orElse(y);
  }
}
