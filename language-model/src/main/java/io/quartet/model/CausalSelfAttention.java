package io.quartet.model;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.model.WeightSource.Start;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * softmax(q·kᵀ/√C + mask)·v with rotary positions and grouped key and value heads; Vaswani et al.
 * 2017, arXiv:1706.03762, Ainslie et al. 2023, arXiv:2305.13245.
 */
final class CausalSelfAttention extends Module {
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final RotaryEmbedding rotary;
  private final long heads;
  private final long groups;
  private final long channels;

  CausalSelfAttention(
      WeightSource source, String name, ModelConfig config, RotaryEmbedding rotary) {
    this.rotary = rotary;
    heads = config.heads();
    groups = config.keyValueHeads();
    channels = config.headDimension();
    int width = config.hiddenSize();
    int attended = config.heads() * config.headDimension();
    Start in = Initialisation.inner(width);
    query = project(source, name, "q_proj", in, heads * channels, width);
    key = project(source, name, "k_proj", in, groups * channels, width);
    value = project(source, name, "v_proj", in, groups * channels, width);
    output =
        project(
            source,
            name,
            "o_proj",
            Initialisation.residual(attended, config.layers()),
            width,
            attended);
  }

  private Linear project(
      WeightSource source, String name, String part, Start start, long outputs, long inputs) {
    return register_module(part, new Linear(source, name + "." + part, start, outputs, inputs));
  }

  /** What every token gathers from those before it: [N, D] to [N, H·C], before the output. */
  Tensor attend(Tensor xND, Passage passage) {
    Tensor qBHTC = split(turned(query, xND, passage.queryTurns()), passage, heads);
    Tensor kBHTC = split(turned(key, xND, passage.keyTurns()), passage, groups);
    Tensor vBHTC = split(value.forward(xND), passage, groups);
    ScalarType type = Tensors.type(xND);
    Tensor yBHTC =
        type == ScalarType.Float
            ? fused(qBHTC, shared(kBHTC), shared(vBHTC), passage)
            : written(qBHTC.to(type), shared(kBHTC.to(type)), shared(vBHTC), passage);
    return yBHTC.transpose(1, 2).reshape(passage.rows() * passage.length(), heads * channels);
  }

  /** Back into the residual stream: [R, H·C] to [R, D]. */
  Tensor project(Tensor y) {
    return output.forward(y);
  }

  private Tensor turned(Linear projection, Tensor xND, Tensor turns) {
    return rotary.rotate(projection.forward(xND, rotary::pairRows), turns);
  }

  private Tensor split(Tensor x, Passage passage, long count) {
    return x.view(passage.rows(), passage.length(), count, channels).transpose(1, 2);
  }

  /** Each of K heads for its H/K query heads. */
  private Tensor shared(Tensor x) {
    return heads == groups
        ? x
        : x.unsqueeze(2)
            .expand(x.size(0), groups, heads / groups, x.size(2), channels)
            .reshape(x.size(0), heads, x.size(2), channels);
  }

  private static Tensor fused(Tensor q, Tensor k, Tensor v, Passage passage) {
    return torch.scaled_dot_product_attention(
        q, k, v, new TensorOptional(passage.maskB1TT()), 0, false, new DoubleOptional(1), false);
  }

  // libtorch's fused attention in bfloat16 on a CPU is several times slower than three operations.
  private static Tensor written(Tensor q, Tensor k, Tensor v, Passage passage) {
    Tensor scores = torch.matmul(q, k.transpose(-1, -2)).add_(passage.maskB1TT());
    return torch.matmul(torch.softmax(scores, -1), v);
  }
}
