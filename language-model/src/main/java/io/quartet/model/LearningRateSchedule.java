package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

/** The learning rate of each step; steps count from 0. */
@FunctionalInterface
public interface LearningRateSchedule {
  /** The rate of a step. */
  double rate(long step);

  /**
   * The schedule of a name.
   *
   * @param name {@code constant} (after the warm-up), {@code linear}, {@code cosine} or {@code wsd}
   * @param floor the share of the peak that is left at the end, 0 to 1
   * @param decayShare see {@link #stable}
   * @throws QuartetException INVALID_ARGUMENT for another name
   */
  static LearningRateSchedule of(
      String name, double peak, long warmup, long steps, double floor, double decayShare) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "constant" -> warmedUp(peak, warmup, steps, left -> 1);
      case "linear" -> linear(peak, warmup, steps, floor);
      case "cosine" -> cosine(peak, warmup, steps, floor);
      case "wsd" -> stable(peak, warmup, steps, decayShare, floor);
      default ->
          throw new QuartetException(
              ErrorCode.INVALID_ARGUMENT,
              "schedule '%s', expected constant, linear, cosine or wsd".formatted(name));
    };
  }

  /** The same rate throughout. */
  static LearningRateSchedule constant(double rate) {
    return step -> rate;
  }

  /**
   * Linear warm-up to the peak, then linear decay.
   *
   * @param floor the share of the peak that is left at the end, 0 to 1
   */
  static LearningRateSchedule linear(double peak, long warmup, long steps, double floor) {
    return warmedUp(peak, warmup, steps, left -> Math.max(floor, left));
  }

  /** Linear warm-up, then half a cosine down to the floor; arXiv:1608.03983. */
  static LearningRateSchedule cosine(double peak, long warmup, long steps, double floor) {
    return warmedUp(
        peak, warmup, steps, left -> floor + (1 - floor) * (1 - Math.cos(Math.PI * left)) / 2);
  }

  /**
   * Warm-up, stable, decay (WSD): the peak is held until a share of the steps is left, then linear
   * decay to the floor; arXiv:2404.06395.
   *
   * @param decayShare the share of the steps that decay, above 0, at most 1
   */
  static LearningRateSchedule stable(
      double peak, long warmup, long steps, double decayShare, double floor) {
    double decaySteps = Math.max(1, decayShare * steps);
    return step ->
        peak * rise(step, warmup) * Math.max(floor, Math.min(1, (steps - step) / decaySteps));
  }

  private static LearningRateSchedule warmedUp(
      double peak, long warmup, long steps, DoubleUnaryOperator decay) {
    return step -> {
      double left = (double) (steps - step) / Math.max(1, steps - warmup);
      return peak * rise(step, warmup) * decay.applyAsDouble(Math.max(0, Math.min(1, left)));
    };
  }

  private static double rise(long step, long warmup) {
    return warmup <= 0 ? 1 : Math.min(1, (step + 1.0) / warmup);
  }
}
