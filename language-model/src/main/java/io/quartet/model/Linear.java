package io.quartet.model;

import java.util.Optional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * y = x·Wᵀ + b, computed in the precision of x; W [out, in], maybe adapted, and b [out], if there
 * is one, are fp32.
 */
final class Linear extends Module {
  private final Tensor weight;
  private final @Nullable Tensor bias;
  private final Optional<LoraBranch> adapter;

  /** Without bias. */
  Linear(WeightSource source, String name, WeightSource.Start start, long outputs, long inputs) {
    this(source, name, start, outputs, inputs, false);
  }

  Linear(
      WeightSource source,
      String name,
      WeightSource.Start start,
      long outputs,
      long inputs,
      boolean biased) {
    // What register_parameter returns points into a list that the next parameter moves.
    weight =
        new Tensor(
            register_parameter(
                "weight", source.weight(name + ".weight", start, outputs, inputs), true));
    bias =
        biased
            ? new Tensor(
                register_parameter(
                    "bias",
                    source.weight(name + ".bias", WeightSource.Start.constant(0), outputs),
                    true))
            : null;
    adapter =
        source
            .lora()
            .filter(lora -> lora.adapts(name))
            .map(lora -> new LoraBranch(source, this, name, lora, outputs, inputs));
  }

  Tensor weight() {
    return weight;
  }

  /** [out], or null without one. */
  @Nullable Tensor bias() {
    return bias;
  }

  /** What is added to W·x, if something is. */
  Optional<LoraBranch> adapter() {
    return adapter;
  }

  /** [.., in] to [.., out] by W alone; of a layer without bias. */
  Tensor forward(Tensor x) {
    return torch.linear(x, weight.to(x.scalar_type()));
  }

  /** [N, in] to [N, out]. */
  Tensor forward(Tensor x, Passage passage) {
    Tensor y = forward(x);
    return adapter.map(branch -> y.add(branch.forward(x, passage))).orElse(y);
  }
}
