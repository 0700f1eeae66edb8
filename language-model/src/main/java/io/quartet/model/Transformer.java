package io.quartet.model;

import io.quartet.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** The trunk of a Llama: embedding, blocks, last norm; {@code model.*} in Hugging Face's names. */
final class Transformer extends Module {
  private static final String NAME = "model";

  /** Below the precision of any real embedding, but keeps rows of zeros off {@link RmsNorm}. */
  private static final Scalar NEVER_ZERO = new Scalar(1e-15f);

  private final Tensor embedding;
  private final List<TransformerBlock> blocks = new ArrayList<>();
  private final RmsNorm norm;
  private final RotaryEmbedding rotary;
  private final ModelConfig config;
  private final Precision precision;
  private final boolean adapted;
  private final List<Recomputation> passes = new ArrayList<>();
  private OptionalLong training = OptionalLong.empty();
  private PassOptions options = PassOptions.PLAIN;

  Transformer(WeightSource source, ModelConfig config, Precision precision) {
    this.config = config;
    this.precision = precision;
    adapted = source.lora().isPresent();
    rotary = new RotaryEmbedding(config);
    Module tokens = register_module("embed_tokens", new Module());
    embedding =
        tokens.register_parameter(
            "weight",
            source.weight(
                NAME + ".embed_tokens.weight",
                Initialisation.embedding(config),
                config.vocabularySize(),
                config.hiddenSize()),
            true);
    Module layers = register_module("layers", new Module());
    for (int layer = 0; layer < config.layers(); layer++) {
      var block =
          new TransformerBlock(source, NAME + ".layers." + layer, config, precision, rotary);
      blocks.add(layers.register_module(Integer.toString(layer), block));
    }
    norm =
        register_module(
            "norm",
            new RmsNorm(
                source,
                NAME + ".norm",
                config.hiddenSize(),
                config.rmsNormEpsilon(),
                Initialisation.lastGain(config)));
  }

  /** [V, D]. */
  Tensor embedding() {
    return embedding;
  }

  /**
   * What the head reads: [R, D] in the model's precision.
   *
   * @param rowsR the rows of the batch, flattened, that are read; null for all N
   */
  Tensor forward(PackedBatch batch, @Nullable Tensor rowsR) {
    Passage passage = passage(batch);
    Tensor embeddedND = torch.embedding(embedding, passage.tokensN());
    Tensor hND = passage.dropout().apply(embeddedND, NAME + ".embed_tokens").add(NEVER_ZERO);
    return norm.forward(through(hND, passage, rowsR)).to(precision.scalarType());
  }

  private Tensor through(Tensor embeddedND, Passage passage, @Nullable Tensor rowsR) {
    if (training.isPresent() && (adapted || options.recompute())) {
      var pass = new Recomputation(blocks, embeddedND, passage, rowsR);
      passes.add(pass);
      return pass.outputRD();
    }
    // Without gradients nobody reads what a block makes again.
    boolean keepsAll = GradMode.is_enabled() || PointerScope.getInnerScope() == null;
    Tensor hND = embeddedND;
    for (TransformerBlock block : blocks) {
      Tensor xND = hND;
      Tensor readR = block == blocks.get(blocks.size() - 1) ? rowsR : null;
      hND =
          keepsAll
              ? block.forward(xND, passage, readR)
              : InnerScope.keeping(() -> block.forward(xND, passage, readR));
    }
    return hND;
  }

  /**
   * Begins a training pass: dropout drops, and blocks between frozen weights, or all that are to be
   * recomputed, keep only what enters them.
   */
  void begin(long dropoutSeed, PassOptions options) {
    this.options = options;
    training = OptionalLong.of(dropoutSeed);
  }

  /** Takes the gradients on that the loss left at the last block. */
  void backward() {
    passes.forEach(Recomputation::backward);
  }

  /** Ends a training pass. */
  void end() {
    training = OptionalLong.empty();
    passes.clear();
  }

  private Passage passage(PackedBatch batch) {
    boolean flash = FlashAttention.takes(config, precision);
    return new Passage(
        batch.rows(),
        batch.length(),
        Tensors.flat(batch.tokens()),
        rotary.turns(Tensors.flat(batch.positions())),
        flash ? null : mask(batch),
        flash ? FlashAttention.of(batch) : null,
        new Dropout(options.dropout(), training));
  }

  private Tensor mask(PackedBatch batch) {
    Tensor maskBTT = mask(Tensors.matrix(batch.documents()));
    return precision == Precision.FP32 ? maskBTT.unsqueeze(1) : maskBTT;
  }

  /** A token sees itself and what came before it in its own document. */
  private Tensor mask(Tensor documentsBT) {
    long length = documentsBT.size(1);
    Tensor hidden =
        documentsBT
            .unsqueeze(2)
            .ne(documentsBT.unsqueeze(1))
            .logical_or(documentsBT.new_ones(length, length).triu(1).to(ScalarType.Bool));
    return Tensors.zerosBeside(documentsBT, documentsBT.size(0), length, length)
        .masked_fill_(hidden, new Scalar(Float.NEGATIVE_INFINITY))
        .to(precision.scalarType());
  }
}
