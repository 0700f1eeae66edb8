package io.quartet.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;

/**
 * {@code aten::_fused_adamw_}, which has no binding of its own: one pass over weights, gradients
 * and moments. Called through the boxed dispatcher, which wants every argument.
 */
final class FusedAdamW {
  private final OperatorHandle operator;
  private final Type.TypePtr tensorType;

  FusedAdamW() {
    operator = Dispatcher.singleton().findSchemaOrThrow("aten::_fused_adamw_", "");
    operator.retainReference();
    // Read once: the binding copies the whole schema at every call, and never frees it.
    tensorType = operator.schema().arguments().type().get().containedType(0);
    tensorType.retainReference();
  }

  /** Tensors that are updated together, in the same order in each list. */
  record Operands(
      List<Tensor> weights, List<Tensor> gradients, List<Tensor> means, List<Tensor> squares) {
    static Operands none() {
      return new Operands(
          new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }

    void add(AdamW.Slot slot, Tensor gradient) {
      weights.add(slot.weight());
      gradients.add(gradient);
      means.add(slot.mean());
      squares.add(Objects.requireNonNull(slot.square()));
    }
  }

  /** The scalars of an update; gradients are divided by {@code gradientDivisor} first. */
  record Rates(
      double learningRate,
      double beta1,
      double beta2,
      double weightDecay,
      double epsilon,
      double gradientDivisor) {}

  /**
   * Updates in place.
   *
   * @param step how many updates there will have been after this one: the kernel does not raise its
   *     counters itself, and divides by zero if they are 0
   */
  void update(Operands operands, long step, Rates rates) {
    Tensor counter = scalar(step);
    Tensor divisor = scalar(rates.gradientDivisor());
    operator.callBoxed(
        new IValueVector(
            list(operands.weights()),
            list(operands.gradients()),
            list(operands.means()),
            list(operands.squares()),
            list(List.of()),
            list(operands.weights().stream().map(weight -> counter).toList()),
            new IValue(rates.learningRate()),
            new IValue(rates.beta1()),
            new IValue(rates.beta2()),
            new IValue(rates.weightDecay()),
            new IValue(rates.epsilon()),
            new IValue(false), // amsgrad
            new IValue(false), // maximize
            new IValue(divisor),
            new IValue())); // found_inf
  }

  private static Tensor scalar(double value) {
    return TorchRuntime.place(torch.full(new long[0], new Scalar((float) value)));
  }

  private IValue list(List<Tensor> tensors) {
    var list = new GenericList(tensorType);
    for (Tensor tensor : tensors) {
      list.push_back(new IValue(tensor));
    }
    return new IValue(list);
  }
}
