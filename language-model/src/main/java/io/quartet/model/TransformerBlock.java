package io.quartet.model;

import io.quartet.checkpoint.ModelConfig;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** h = x + attention(norm(x)); h + feedForward(norm(h)); what is added goes through dropout. */
final class TransformerBlock extends Module {
  private final CausalSelfAttention attention;
  private final SwiGlu feedForward;
  private final RmsNorm attentionNorm;
  private final RmsNorm feedForwardNorm;
  private final ScalarType type;
  private final String name;

  TransformerBlock(
      WeightSource source,
      String name,
      ModelConfig config,
      Precision precision,
      RotaryEmbedding rotary) {
    type = precision.scalarType();
    this.name = name;
    long width = config.hiddenSize();
    double epsilon = config.rmsNormEpsilon();
    attention =
        register_module(
            "self_attn", new CausalSelfAttention(source, name + ".self_attn", config, rotary));
    feedForward = register_module("mlp", new SwiGlu(source, name + ".mlp", config));
    attentionNorm =
        register_module(
            "input_layernorm", new RmsNorm(source, name + ".input_layernorm", width, epsilon, 1));
    feedForwardNorm =
        register_module(
            "post_attention_layernorm",
            new RmsNorm(source, name + ".post_attention_layernorm", width, epsilon, 1));
  }

  /**
   * fp32 [N, D] to fp32 [N, D], or to [R, D] if only some rows are read afterwards.
   *
   * @param rowsR indices of the rows to keep; null keeps all
   */
  Tensor forward(Tensor xND, Passage passage, @Nullable Tensor rowsR) {
    Tensor attended = attention.attend(attentionNorm.forward(xND).to(type), passage);
    Tensor xRD = rowsR == null ? xND : xND.index_select(0, rowsR);
    Tensor keptR = rowsR == null ? attended : attended.index_select(0, rowsR);
    Tensor projectedRD = attention.project(keptR, passage);
    Tensor hRD = xRD.add(passage.dropout().apply(projectedRD, name + ".self_attn"));
    Tensor innerRD = feedForward.forward(feedForwardNorm.forward(hRD).to(type), passage);
    return hRD.add(passage.dropout().apply(innerRD, name + ".mlp"));
  }
}
