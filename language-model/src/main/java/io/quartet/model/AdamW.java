package io.quartet.model;

import io.quartet.model.FusedAdamW.Operands;
import io.quartet.model.FusedAdamW.Rates;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Adam with decoupled weight decay; Loshchilov and Hutter 2019, arXiv:1711.05101. */
public final class AdamW {
  /**
   * The optimizer's constants.
   *
   * @param beta1 decay of the mean of the gradients
   * @param beta2 decay of the mean of their squares
   * @param epsilon added to the root of the squares
   * @param weightDecay per unit of learning rate, on matrices only
   * @param decayEmbedding whether the embedding decays as well
   */
  public record Options(
      double beta1, double beta2, double epsilon, double weightDecay, boolean decayEmbedding) {
    /** Checks the ranges. */
    public Options {
      requireRange("beta1", beta1, 0, 1);
      requireRange("beta2", beta2, 0, 1);
      requireRange("epsilon", epsilon, 0, 1);
      requireRange("weight decay", weightDecay, 0, 100);
    }

    /** β = (0.9, 0.95), ε = 1e-8, decay on all matrices. */
    public static Options of(double weightDecay) {
      return new Options(0.9, 0.95, 1e-8, weightDecay, true);
    }

    private static void requireRange(String name, double value, double from, double to) {
      if (!(value >= from && value < to)) {
        throw new IllegalArgumentException(
            "%s: got %s, expected at least %s and less than %s".formatted(name, value, from, to));
      }
    }
  }

  /** The state of one weight. */
  record Slot(
      String name, Tensor weight, Tensor mean, Tensor square, double rateScale, double decay) {}

  private final Options options;
  private final Map<String, Slot> slots = new LinkedHashMap<>();
  private final FusedAdamW fused = new FusedAdamW();
  private long step;

  /** An optimizer of all weights of a model that are trained, before its first step. */
  public AdamW(TransformerModel model, Options options) {
    this.options = options;
    model
        .trainedWeights()
        .forEach(
            (name, weight) -> {
              double scale = model.learningRateScale(name);
              // Decay shrinks by rate · decay, so a scaled rate needs the inverse of its scale.
              double decay = decays(name, weight) ? options.weightDecay() / scale : 0;
              slots.put(
                  name,
                  new Slot(
                      name,
                      weight,
                      torch.zeros_like(weight),
                      torch.zeros_like(weight),
                      scale,
                      decay));
            });
  }

  private boolean decays(String name, Tensor weight) {
    return weight.dim() >= 2 && (options.decayEmbedding() || !name.contains("embed_tokens"));
  }

  /** The state by weight, in the model's order. */
  Map<String, Slot> slots() {
    return Collections.unmodifiableMap(slots);
  }

  /** Updates taken. */
  public long step() {
    return step;
  }

  void step(long updates) {
    step = updates;
  }

  /**
   * Takes the step on some of the weights, those that have a gradient; several threads may do so at
   * once for different weights, after one of them called {@link #begin()}.
   *
   * @param gradientDivisor what gradients are divided by first, for clipping
   */
  void update(List<Slot> share, double learningRate, double gradientDivisor) {
    var groups = new LinkedHashMap<Rates, Operands>();
    for (Slot slot : share) {
      Tensor gradient = slot.weight().grad();
      if (gradient.defined()) {
        var rates =
            new Rates(
                learningRate * slot.rateScale(),
                options.beta1(),
                options.beta2(),
                slot.decay(),
                options.epsilon(),
                gradientDivisor);
        Operands operands = groups.computeIfAbsent(rates, key -> empty());
        operands.weights().add(slot.weight());
        operands.gradients().add(gradient);
        operands.means().add(slot.mean());
        operands.squares().add(slot.square());
      }
    }
    try (var off = new NoGradGuard()) {
      groups.forEach((rates, operands) -> fused.update(operands, step, rates));
    }
  }

  /** Counts a step before it is taken. */
  void begin() {
    step++;
  }

  private static Operands empty() {
    return new Operands(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
  }
}
