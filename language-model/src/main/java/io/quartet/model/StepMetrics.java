package io.quartet.model;

import java.time.Duration;
import java.util.Map;

/**
 * What a training step did.
 *
 * @param step its number, from 1
 * @param loss the mean loss before the step
 * @param learningRate the rate it was taken with
 * @param gradientNorm the global norm of the gradients before clipping
 * @param tokens input tokens, without padding
 * @param flops floating-point operations of its matrix products, forward and backward
 * @param duration how long it took
 * @param figures further figures of the loss by name
 */
public record StepMetrics(
    long step,
    double loss,
    double learningRate,
    double gradientNorm,
    long tokens,
    double flops,
    Duration duration,
    Map<String, Double> figures) {
  /** Tokens per second. */
  public double tokensPerSecond() {
    return tokens / (duration.toNanos() / 1e9);
  }

  /** Billions of floating-point operations per second. */
  public double gigaflopsPerSecond() {
    return flops / duration.toNanos();
  }
}
