package io.quartet.model;

import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.ModelConfig;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.Supplier;
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
  private Optional<LoraConfig> lora = Optional.empty();
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

  /** How its projections are adapted, if they are; all that is adapted or beside it is frozen. */
  public final Optional<LoraConfig> lora() {
    return lora;
  }

  /** To be called when all weights are registered. */
  final void freezeBeside(Optional<LoraConfig> adapters) {
    lora = adapters;
    if (adapters.isPresent()) {
      allWeights().forEach((name, weight) -> weight.requires_grad_(trainsBeside(name)));
    }
  }

  /** Whether a weight is trained if the projections are adapted. */
  boolean trainsBeside(String name) {
    return LoraBranch.owns(name);
  }

  /**
   * Its fp32 weights by Hugging Face name, in the order of transformers' state dict, without
   * adapters.
   */
  public final Map<String, Tensor> weights() {
    return only((name, weight) -> !LoraBranch.owns(name));
  }

  /** What is trained, in the same order: all weights, or the adapters and a reward model's head. */
  public final Map<String, Tensor> trainedWeights() {
    return only((name, weight) -> weight.requires_grad());
  }

  private Map<String, Tensor> only(BiPredicate<String, Tensor> wanted) {
    var weights = new LinkedHashMap<String, Tensor>();
    allWeights()
        .forEach(
            (name, weight) -> {
              if (wanted.test(name, weight)) {
                weights.put(name, weight);
              }
            });
    return Collections.unmodifiableMap(weights);
  }

  /** Weights and adapters. */
  final Map<String, Tensor> allWeights() {
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

  /** How many of them are trained. */
  public final long trainedParameterCount() {
    return trainedWeights().values().stream().mapToLong(Tensor::numel).sum();
  }

  /**
   * A model of the same type over the same weights with gradients of its own, so that several
   * threads can run backward passes at once.
   */
  public abstract TransformerModel replica();

  /** The trunks that a training pass goes through. */
  abstract List<Transformer> trunks();

  /**
   * Computes a loss and adds its gradients to those of the trained weights.
   *
   * @param dropoutSeed what dropout is drawn from
   */
  final Loss differentiate(Supplier<Loss> objective, long dropoutSeed, PassOptions options) {
    trunks().forEach(trunk -> trunk.begin(dropoutSeed, options));
    try {
      Loss loss = objective.get();
      loss.backward();
      trunks().forEach(Transformer::backward);
      return loss;
    } finally {
      trunks().forEach(Transformer::end);
    }
  }

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
