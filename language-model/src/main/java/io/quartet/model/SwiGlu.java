package io.quartet.model;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.model.WeightSource.Start;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** down(SiLU(gate(x)) · up(x)); Shazeer 2020, arXiv:2002.05202. */
final class SwiGlu extends Module {
  private final Linear gate;
  private final Linear up;
  private final Linear down;

  SwiGlu(WeightSource source, String name, ModelConfig config) {
    int width = config.hiddenSize();
    int inner = config.intermediateSize();
    Start in = Initialisation.inner(width);
    Start out = Initialisation.residual(inner, config.layers());
    gate = register_module("gate_proj", new Linear(source, name + ".gate_proj", in, inner, width));
    up = register_module("up_proj", new Linear(source, name + ".up_proj", in, inner, width));
    down = register_module("down_proj", new Linear(source, name + ".down_proj", out, width, inner));
  }

  Tensor forward(Tensor xND, Passage passage) {
    Tensor gateNF = torch.silu(gate.forward(xND, passage));
    return down.forward(gateNF.mul(up.forward(xND, passage)), passage);
  }
}
