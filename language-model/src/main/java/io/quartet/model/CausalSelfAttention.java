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
import org.jspecify.annotations.Nullable;

/**
 * softmax(q·kᵀ/√C + mask)·v with rotary positions and grouped key and value heads; Vaswani et al.
 * 2017, arXiv:1706.03762, Ainslie et al. 2023, arXiv:2305.13245. Where the family has them, q, k
 * and v have a bias, and q and k of each head go through an RMSNorm (Dehghani et al. 2023,
 * arXiv:2302.05442) before they turn.
 */
final class CausalSelfAttention extends Module {
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final @Nullable RmsNorm queryNorm;
  private final @Nullable RmsNorm keyNorm;
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
    boolean biased = config.family().projectionBias();
    query = input(source, name, "q_proj", new long[] {heads * channels, width}, biased);
    key = input(source, name, "k_proj", new long[] {groups * channels, width}, biased);
    value = input(source, name, "v_proj", new long[] {groups * channels, width}, biased);
    Start out = Initialisation.residual(attended, config.layers());
    output = register_module("o_proj", new Linear(source, name + ".o_proj", out, width, attended));
    boolean normalised = config.family().queryKeyNorm();
    queryNorm = normalised ? norm(source, name, "q_norm", config) : null;
    keyNorm = normalised ? norm(source, name, "k_norm", config) : null;
  }

  private Linear input(
      WeightSource source, String name, String part, long[] shape, boolean biased) {
    Start start = Initialisation.inner((int) shape[1]);
    return register_module(
        part, new Linear(source, name + "." + part, start, shape[0], shape[1], biased));
  }

  private RmsNorm norm(WeightSource source, String name, String part, ModelConfig config) {
    return register_module(
        part, new RmsNorm(source, name + "." + part, channels, config.rmsNormEpsilon(), 1));
  }

  /** What every token gathers from those before it: [N, D] to [N, H·C], before the output. */
  Tensor attend(Tensor xND, Passage passage) {
    ScalarType type = Tensors.type(xND);
    TensorVector parts =
        adapted(projected(xND, type), xND, passage)
            .split_with_sizes(new long[] {(heads + groups) * channels, groups * channels}, 1);
    Tensor turned = rotary.rotate(normalised(parts.get(0)), passage.turns());
    FlashAttention flash = passage.flash();
    if (flash != null) {
      Tensor valueNKC = parts.get(1).view(xND.size(0), groups, channels);
      return flash.attend(turned.to(type), valueNKC).view(xND.size(0), heads * channels);
    }
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
        .orElseGet(() -> xND.new_zeros(xND.size(0), part.weight().size(0)));
  }

  /** Query, key and value side by side [N, (H + 2K)·C], in one product. */
  private Tensor projected(Tensor xND, ScalarType type) {
    Tensor weight = joined(query.weight(), key.weight(), value.weight()).to(type);
    if (query.bias() == null || key.bias() == null || value.bias() == null) {
      return torch.linear(xND, weight);
    }
    Tensor bias =
        joined(query.bias().unsqueeze(1), key.bias().unsqueeze(1), value.bias().unsqueeze(1));
    return torch.linear(xND, weight, new TensorOptional(bias.squeeze(1).to(type)));
  }

  /** Three times [outputs, ..] as one, with turning channels side by side. */
  private Tensor joined(Tensor query, Tensor key, Tensor value) {
    Tensor turning = torch.cat(new TensorVector(query, key), 0);
    return torch.cat(new TensorVector(rotary.pairRows(turning), value), 0);
  }

  /** Queries and keys [N, (H + K)·C] after the norm of each head, if there is one. */
  private Tensor normalised(Tensor x) {
    if (queryNorm == null || keyNorm == null) {
      return x;
    }
    TensorVector parts =
        x.to(ScalarType.Float)
            .split_with_sizes(new long[] {heads * channels, groups * channels}, 1);
    return torch.cat(
        new TensorVector(normalised(parts.get(0), queryNorm), normalised(parts.get(1), keyNorm)),
        1);
  }

  private Tensor normalised(Tensor x, RmsNorm norm) {
    Tensor gain = rotary.pairRows(norm.gain().unsqueeze(1)).squeeze(1);
    return norm.forward(x.reshape(-1, channels), gain).view(x.size(0), -1);
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
