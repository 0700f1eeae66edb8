package io.quartet.model;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.model.WeightSource.Start;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** A decoder-only transformer with an output over the vocabulary: LlamaForCausalLM. */
public final class CausalLm extends TransformerModel {
  private final Transformer transformer;
  private final Tensor outputVD;

  /**
   * A model with fresh weights, the same for the same seed.
   *
   * @throws QuartetException INVALID_ARGUMENT if the configuration is of another architecture
   */
  public CausalLm(ModelConfig config, Precision precision, long seed) {
    this(config, precision, WeightSource.random(seed));
  }

  CausalLm(ModelConfig config, Precision precision, WeightSource source) {
    super(config, precision);
    requireArchitecture(config, Architecture.CAUSAL_LM);
    transformer = register_module("model", new Transformer(source, config, precision));
    outputVD = config.tiedEmbeddings() ? transformer.embedding() : head(source);
    freezeBeside(source.lora());
  }

  private Tensor head(WeightSource source) {
    Start start = Initialisation.inner(config().hiddenSize());
    Tensor weight =
        source.weight("lm_head.weight", start, config().vocabularySize(), config().hiddenSize());
    return register_module("lm_head", new Module()).register_parameter("weight", weight, true);
  }

  static void requireArchitecture(ModelConfig config, Architecture expected) {
    if (config.architecture() != expected) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "model config: architecture %s, expected %s".formatted(config.architecture(), expected));
    }
  }

  /**
   * What the output layer reads, in the model's precision.
   *
   * @param rows indices of the places, in the flattened batch, that are read; null for all
   * @return [R, D]
   */
  public Tensor hidden(PackedBatch batch, long @Nullable [] rows) {
    long all = (long) batch.rows() * batch.length();
    count(batch, rows == null ? all : rows.length);
    return transformer.forward(
        batch, rows == null || areAll(rows, all) ? null : Tensors.vector(rows));
  }

  /** Whether these are all rows as they lie: picking them would only copy them. */
  private static boolean areAll(long[] rows, long count) {
    return rows.length == count && LongStream.range(0, count).allMatch(i -> rows[(int) i] == i);
  }

  /** fp32 [R, V] from what {@link #hidden} returned. */
  public Tensor logits(Tensor hiddenRD) {
    countHead(hiddenRD.size(0));
    return torch.linear(hiddenRD, outputVD.to(hiddenRD.scalar_type())).to(ScalarType.Float);
  }

  /** fp32 [N, V] at every place of a batch. */
  public Tensor logits(PackedBatch batch) {
    return logits(hidden(batch, null));
  }

  /** The output layer [V, D], which may be the embedding. */
  Tensor output() {
    return outputVD;
  }

  /** Counts an application of the output layer. */
  void countHead(long rows) {
    countForward(2.0 * config().vocabularySize() * config().hiddenSize() * rows);
  }

  @Override
  public CausalLm replica() {
    return new CausalLm(config(), precision(), WeightSource.shared(this));
  }

  /**
   * This model with its adapters off, over the same weights, so that nothing is held twice. It is
   * for looking only: nobody trains it.
   */
  public CausalLm withoutAdapters() {
    return new CausalLm(config(), precision(), WeightSource.shared(weights()));
  }

  @Override
  List<Transformer> trunks() {
    return List.of(transformer);
  }
}
