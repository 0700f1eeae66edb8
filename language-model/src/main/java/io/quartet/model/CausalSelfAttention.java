package io.quartet.model;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.model.WeightSource.Start;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
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
    ScalarType type = Tensors.type(xND);
    TensorVector parts =
        adapted(torch.linear(xND, projections().to(type)), xND, passage)
            .split_with_sizes(new long[] {(heads + groups) * channels, groups * channels}, 1);
    Tensor turned = rotary.rotate(parts.get(0), passage.turns());
    return type == ScalarType.Float
        ? fused(turned, parts.get(1), passage)
        : written(turned.to(type), parts.get(1), passage);
  }

  /** Back into the residual stream: [R, H·C] to [R, D]. */
  Tensor project(Tensor y, Passage passage) {
    return output.forward(y, passage);
  }

  /** Adds what the adapters of query, key and value give to what their weights give. */
  private Tensor adapted(Tensor projected, Tensor xND, Passage passage) {
    if (Stream.of(query, key, value).allMatch(part -> part.adapter().isEmpty())) {
      return projected;
    }
    return projected.add(
        torch.cat(
            new TensorVector(
                branch(query, xND, passage, rotary::pairRows),
                branch(key, xND, passage, rotary::pairRows),
                branch(value, xND, passage, rows -> rows)),
            1));
  }

  private static Tensor branch(
      Linear part, Tensor xND, Passage passage, UnaryOperator<Tensor> order) {
    return part.adapter()
        .map(branch -> branch.forward(xND, passage, order))
        .orElseGet(() -> torch.zeros(xND.size(0), part.weight().size(0)).to(xND.scalar_type()));
  }

  /** Query, key and value as one matrix [(H + 2K)·C, D], with turning channels side by side. */
  private Tensor projections() {
    Tensor turning = torch.cat(new TensorVector(query.weight(), key.weight()), 0);
    return torch.cat(new TensorVector(rotary.pairRows(turning), value.weight()), 0);
  }

  private Tensor fused(Tensor turned, Tensor value, Passage passage) {
    long[] shape = {passage.rows(), passage.length(), -1, channels};
    TensorVector parts =
        turned.view(shape).transpose(1, 2).split_with_sizes(new long[] {heads, groups}, 1);
    Tensor yBHTC =
        torch.scaled_dot_product_attention(
            parts.get(0),
            shared(parts.get(1), 1),
            shared(value.view(shape).transpose(1, 2), 1),
            new TensorOptional(passage.mask()),
            0,
            false,
            new DoubleOptional(1),
            false);
    return yBHTC.transpose(1, 2).reshape(passage.rows() * passage.length(), heads * channels);
  }

  /**
   * libtorch's fused attention in bfloat16 on a CPU is several times slower than three operations.
   * With heads outermost, queries and keys are batches of matrices without another copy.
   */
  private Tensor written(Tensor turned, Tensor value, Passage passage) {
    TensorVector parts =
        headsFirst(turned, passage).split_with_sizes(new long[] {heads, groups}, 0);
    Tensor kHBTC = shared(parts.get(1), 0);
    Tensor vHBTC = shared(headsFirst(value, passage), 0);
    Tensor scores = torch.matmul(parts.get(0), kHBTC.transpose(-1, -2)).add_(passage.mask());
    Tensor yHBTC = torch.matmul(torch.softmax(scores, -1), vHBTC);
    return yHBTC.permute(1, 2, 0, 3).reshape(passage.rows() * passage.length(), heads * channels);
  }

  private Tensor headsFirst(Tensor x, Passage passage) {
    return x.view(passage.rows(), passage.length(), -1, channels).permute(2, 0, 1, 3).contiguous();
  }

  /** Each of K heads for its H/K query heads. */
  private Tensor shared(Tensor x, int dimension) {
    return heads == groups
        ? x
        : x.repeat_interleave(heads / groups, new LongOptional(dimension), new LongOptional());
  }
}
