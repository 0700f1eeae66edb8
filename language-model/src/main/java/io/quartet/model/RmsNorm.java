package io.quartet.model;

import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * y = g · x / √(mean(x²) + ε); Zhang and Sennrich 2019, arXiv:1910.07467.
 *
 * <p>libtorch has no fused kernel of it for a CPU, and takes a dozen passes over x forward and
 * backward. It does have one for weight normalisation, s · x / ‖x‖ by rows, and with s = ‖x‖ /
 * √(‖x‖²/D + ε) that is the same function with the same gradient. A row of zeros would give 0/0:
 * the embedding keeps them away. On CUDA there is one of it, and that is taken.
 */
final class RmsNorm extends Module {
  private static final OperatorHandle NORMALISE = normalise();

  private final Tensor gain;
  private final double width;
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

  private static OperatorHandle normalise() {
    OperatorHandle operator =
        Dispatcher.singleton().findSchemaOrThrow("aten::_weight_norm_interface", "");
    operator.retainReference();
    return operator;
  }

  /** fp32 [N, D] to fp32 [N, D]. */
  Tensor forward(Tensor xND) {
    return forward(xND, gain);
  }

  /** The gain [D]. */
  Tensor gain() {
    return gain;
  }

  /** The same with the channels, and so the gain [D], in another order. */
  Tensor forward(Tensor xND, Tensor gain) {
    if (xND.is_cuda()) {
      return torch.rms_norm(
          xND, new long[] {(long) width}, new TensorOptional(gain), new DoubleOptional(epsilon));
    }
    Tensor normN1 = xND.norm(new ScalarOptional(new Scalar(2)), new long[] {1}, true);
    Tensor meanSquareN1 = normN1.square().mul(new Scalar((float) (1 / width)));
    Tensor scaleN1 = normN1.mul(meanSquareN1.add(new Scalar((float) epsilon)).rsqrt());
    var stack = new IValueVector(new IValue(xND), new IValue(scaleN1), new IValue(0L));
    NORMALISE.callBoxed(stack);
    return stack.get(0).toTensor().mul(gain);
  }
}
