package io.quartet.model;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.model.WeightSource.Start;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** One number from a hidden state, in fp32: v = w·h. */
final class ValueHead {
  private final Linear linear;

  /** A head whose weight is registered as {@code name.weight}. */
  ValueHead(WeightSource source, Module parent, String name, ModelConfig config) {
    Start start = Initialisation.head(config);
    linear = parent.register_module(name, new Linear(source, name, start, 1, config.hiddenSize()));
  }

  /** [R, D] in any precision to fp32 [R]. */
  Tensor forward(Tensor hiddenRD) {
    return linear.forward(hiddenRD.to(ScalarType.Float)).squeeze(1);
  }
}
