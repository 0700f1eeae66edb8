package io.quartet.recipe;

/**
 * The optimizer and its learning rate over a stage.
 *
 * @param steps optimiser steps; 0 only in the base stage, to take {@code model.from} as it is
 * @param learningRate the peak, after the warm-up
 * @param warmupSteps steps of a rising learning rate
 * @param schedule what follows
 * @param finalShare the last step's learning rate as a share of the peak; unused when constant
 * @param decayShare share of the steps that decay under {@code wsd}
 * @param optimizer what takes the steps
 * @param weightDecay decoupled decay of the matrices, the embedding not among them
 * @param gradientClip largest gradient norm
 * @param averageDecay of the exponential moving average of the weights that is measured and
 *     published; 0 publishes the weights themselves
 */
public record Optimization(
    int steps,
    double learningRate,
    int warmupSteps,
    Schedule schedule,
    double finalShare,
    double decayShare,
    Optimizer optimizer,
    double weightDecay,
    double gradientClip,
    double averageDecay) {
  /** Validates the values. */
  public Optimization {
    Check.between("steps", steps, 0, 10_000_000);
    Check.holds(
        learningRate > 0 && learningRate < 1,
        "learning_rate",
        learningRate,
        "more than 0, less than 1");
    if (steps > 0) {
      Check.between("warmup_steps", warmupSteps, 0, steps);
    }
    Check.between("final_share", finalShare, 0, 1);
    Check.between("decay_share", decayShare, 0.001, 1);
    Check.between("weight_decay", weightDecay, 0, 1);
    Check.positive("gradient_clip", gradientClip);
    Check.between("average_decay", averageDecay, 0, 0.99999);
  }
}
