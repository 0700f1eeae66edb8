package io.quartet.model;

import io.quartet.checkpoint.LoraConfig;
import io.quartet.model.WeightSource.Start;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What a projection's adapter adds: (alpha / rank)·B·A·x; Hu et al. 2021, arXiv:2106.09685. A [r,
 * in] begins Kaiming-uniform and B [out, r] at zero, as PEFT's do, so the adapter begins as
 * nothing.
 */
final class LoraBranch {
  private static final String DOWN = "lora_A";
  private static final String UP = "lora_B";

  private final String name;
  private final Tensor down;
  private final Tensor up;
  private final Scalar scale;
  private final double dropout;

  /** Registers both in the projection, under PEFT's names. */
  LoraBranch(
      WeightSource source,
      Module projection,
      String name,
      LoraConfig lora,
      long outputs,
      long inputs) {
    this.name = name;
    // kaiming_uniform_(a = √5) draws between ± 1/√in.
    Start start = Start.uniform(Math.pow(inputs, -0.5));
    down = register(source, projection, name, DOWN, start, lora.rank(), inputs);
    up = register(source, projection, name, UP, Start.constant(0), outputs, lora.rank());
    scale = new Scalar((float) lora.scale());
    dropout = lora.dropout();
  }

  private static Tensor register(
      WeightSource source,
      Module projection,
      String name,
      String part,
      Start start,
      long... shape) {
    Tensor weight = source.weight(name + "." + part + ".weight", start, shape);
    return projection
        .register_module(part, new Module())
        .register_parameter("weight", weight, true);
  }

  /** Whether a weight of this name is an adapter's. */
  static boolean owns(String weight) {
    return weight.endsWith("." + DOWN + ".weight") || weight.endsWith("." + UP + ".weight");
  }

  /** [N, in] to [N, out] in the precision of x. */
  Tensor forward(Tensor x, Passage passage) {
    return forward(x, passage, rows -> rows);
  }

  /** The same with the outputs in another order. */
  Tensor forward(Tensor x, Passage passage, UnaryOperator<Tensor> order) {
    Tensor innerNR = torch.linear(dropped(x, passage), down.to(x.scalar_type()));
    return torch.linear(innerNR, order.apply(up).mul(scale).to(x.scalar_type()));
  }

  private Tensor dropped(Tensor x, Passage passage) {
    return new Dropout(dropout, passage.dropout().seed()).apply(x, name);
  }
}
