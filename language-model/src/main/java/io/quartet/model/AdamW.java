package io.quartet.model;

import io.quartet.model.FusedAdamW.Operands;
import io.quartet.model.FusedAdamW.Rates;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101); the blocks'
 * matrices may be left to {@link Muon}. An exponential moving average of the weights is kept if
 * asked for.
 */
public final class AdamW {
  /**
   * The optimizer's constants.
   *
   * @param beta1 decay of the mean of the gradients
   * @param beta2 decay of the mean of their squares
   * @param epsilon added to the root of the squares
   * @param weightDecay per unit of learning rate, on matrices but not on the embedding
   * @param muon whether the matrices of the blocks take Muon's steps
   * @param averageDecay decay of the average of the weights, smaller in the first steps; 0 for none
   */
  public record Options(
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      boolean muon,
      double averageDecay) {
    /** Checks the ranges. */
    public Options {
      requireRange("beta1", beta1, 0, 1);
      requireRange("beta2", beta2, 0, 1);
      requireRange("epsilon", epsilon, 0, 1);
      requireRange("weight decay", weightDecay, 0, 100);
      requireRange("average decay", averageDecay, 0, 1);
    }

    /** β = (0.9, 0.95), ε = 1e-8, no Muon and no average. */
    public static Options of(double weightDecay) {
      return new Options(0.9, 0.95, 1e-8, weightDecay, false, 0);
    }

    /** The same with Muon for the blocks' matrices, or without. */
    public Options withMuon(boolean wanted) {
      return new Options(beta1, beta2, epsilon, weightDecay, wanted, averageDecay);
    }

    /** The same with an average of the weights; 0 for none. */
    public Options withAverage(double decay) {
      return new Options(beta1, beta2, epsilon, weightDecay, muon, decay);
    }

    private static void requireRange(String name, double value, double from, double to) {
      if (!(value >= from && value < to)) {
        throw new IllegalArgumentException(
            "%s: got %s, expected at least %s and less than %s".formatted(name, value, from, to));
      }
    }
  }

  /**
   * The state of one weight.
   *
   * @param mean Adam's first moment or Muon's momentum
   * @param square Adam's second moment; null for Muon
   * @param average of the weight; null if none is kept
   */
  record Slot(
      String name,
      Tensor weight,
      Tensor mean,
      @Nullable Tensor square,
      @Nullable Tensor average,
      double rateScale,
      double decay) {}

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
                      options.muon() && inBlock(name, weight) ? null : torch.zeros_like(weight),
                      options.averageDecay() > 0 ? weight.detach().clone() : null,
                      scale,
                      decay));
            });
  }

  private static boolean decays(String name, Tensor weight) {
    return weight.dim() >= 2 && !name.contains("embed_tokens");
  }

  private static boolean inBlock(String name, Tensor weight) {
    return weight.dim() == 2 && name.contains("layers.");
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
    try (var off = new NoGradGuard()) {
      var groups = new LinkedHashMap<Rates, Operands>();
      for (Slot slot : share) {
        Tensor gradient = slot.weight().grad();
        if (gradient.defined() && slot.square() == null) {
          orthogonal(slot, gradient.div(new Scalar(gradientDivisor)), learningRate);
        } else if (gradient.defined()) {
          var rates =
              new Rates(
                  learningRate * slot.rateScale(),
                  options.beta1(),
                  options.beta2(),
                  slot.decay(),
                  options.epsilon(),
                  gradientDivisor);
          groups.computeIfAbsent(rates, key -> Operands.none()).add(slot, gradient);
        }
      }
      groups.forEach((rates, operands) -> fused.update(operands, step, rates));
      average(share);
    }
  }

  private static void orthogonal(Slot slot, Tensor gradient, double learningRate) {
    double rate = learningRate * slot.rateScale();
    slot.weight().mul_(new Scalar(1 - rate * slot.decay()));
    Muon.update(slot.weight(), gradient, slot.mean(), rate);
  }

  private void average(List<Slot> share) {
    // A young average would otherwise be of the initial weights for 1 / (1 - decay) steps.
    double decay = Math.min(options.averageDecay(), (1.0 + step) / (10.0 + step));
    for (Slot slot : share) {
      if (slot.average() != null) {
        slot.average().lerp_(slot.weight(), new Scalar(1 - decay));
      }
    }
  }

  /**
   * Puts the averages in the weights' place and the weights in theirs; nothing if none are kept.
   */
  void swapAverages() {
    try (var off = new NoGradGuard();
        var scope = new PointerScope()) {
      for (Slot slot : slots.values()) {
        if (slot.average() != null) {
          Tensor weight = slot.weight().clone();
          slot.weight().copy_(slot.average());
          slot.average().copy_(weight);
        }
      }
    }
  }

  /** Counts a step before it is taken. */
  void begin() {
    step++;
  }
}
