package io.quartet.model;

import io.quartet.checkpoint.ModelConfig;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;

/**
 * A model that can be trained: named weights, replicas for the workers, and a count of the
 * arithmetic it did.
 *
 * <p>Build models outside of any {@link org.bytedeco.javacpp.PointerScope}.
 */
public abstract class TransformerModel extends Module {
  private final ModelConfig config;
  private final Precision precision;
  private long tokens;
  private double flops;

  TransformerModel(ModelConfig config, Precision precision) {
    WeightSource.requireNoPointerScope();
    this.config = config;
    this.precision = precision;
  }

  /** The sizes. */
  public final ModelConfig config() {
    return config;
  }

  /** The number format of its matrix products. */
  public final Precision precision() {
    return precision;
  }

  /** Its fp32 weights by Hugging Face name, in the order of transformers' state dict. */
  public final Map<String, Tensor> weights() {
    StringTensorDict named = named_parameters();
    var weights = new LinkedHashMap<String, Tensor>();
    for (long i = 0; i < named.size(); i++) {
      weights.put(named.keys().get(i).getString(), new Tensor(named.values().get(i)));
    }
    return Collections.unmodifiableMap(weights);
  }

  /** How many weights it has; a tied embedding counts once. */
  public final long parameterCount() {
    return weights().values().stream().mapToLong(Tensor::numel).sum();
  }

  /**
   * A model of the same type over the same weights with gradients of its own, so that several
   * threads can run backward passes at once.
   */
  public abstract TransformerModel replica();

  /** What the learning rate of a weight should be multiplied by, and its decay divided by. */
  public double learningRateScale(String name) {
    return Initialisation.learningRateScale(name, config);
  }

  /**
   * Counts a forward pass over a batch, and the backward pass that follows it if gradients are on
   * (twice the forward one): 2 per weight and token, and 4·T·H·C per layer and token for attention.
   *
   * @param readRows rows that leave the last block, where only those are computed
   */
  final void count(PackedBatch batch, long readRows) {
    double all = (double) batch.rows() * batch.length();
    double attended = (double) config.heads() * config.headDimension();
    double keys = (double) config.keyValueHeads() * config.headDimension();
    double width = config.hiddenSize();
    double before = 2 * width * (attended + 2 * keys) + 4 * attended * batch.length();
    double after = 2 * width * attended + 6 * width * config.intermediateSize();
    countForward(config.layers() * before * all);
    countForward(after * ((config.layers() - 1) * all + readRows));
    tokens += batch.realTokens();
  }

  /** Counts operations of a forward pass, and twice as many if a backward pass will follow. */
  final void countForward(double operations) {
    flops += GradMode.is_enabled() ? 3 * operations : operations;
  }

  /** Tokens and floating-point operations since the last call. */
  Work takeWork() {
    var work = new Work(tokens, flops);
    tokens = 0;
    flops = 0;
    return work;
  }

  /**
   * Work done.
   *
   * @param tokens input tokens, without padding
   * @param flops floating-point operations of matrix products
   */
  record Work(long tokens, double flops) {
    Work plus(Work other) {
      return new Work(tokens + other.tokens, flops + other.flops);
    }
  }
}
