package io.quartet.model;

import java.util.ArrayList;
import java.util.List;

/** How much better than expected each token, or each answer, was. */
public final class AdvantageEstimator {
  private static final double TINY = 1e-8;

  private AdvantageEstimator() {}

  /**
   * Advantages and what the critic should have said, one for each token.
   *
   * @param advantages A
   * @param returns A + V
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
  public record Advantages(float[] advantages, float[] returns) {}

  /**
   * Rewards of an answer's tokens: −β·(log p − log p_reference) everywhere, and the answer's reward
   * at its last token; Ziegler et al. 2019, arXiv:1909.08593.
   *
   * @param coefficient β
   */
  public static float[] tokenRewards(
      double reward, float[] logProbs, float[] referenceLogProbs, double coefficient) {
    float[] rewards = new float[logProbs.length];
    for (int t = 0; t < rewards.length; t++) {
      rewards[t] = (float) (-coefficient * KlEstimator.K1.of(logProbs[t], referenceLogProbs[t]));
    }
    rewards[rewards.length - 1] += (float) reward;
    return rewards;
  }

  /**
   * Generalised advantage estimation over one answer, whose end is terminal: A_t = Σ (γλ)^k δ_{t+k}
   * with δ_t = r_t + γ·V_{t+1} − V_t; Schulman et al. 2016, arXiv:1506.02438.
   */
  public static Advantages gae(float[] rewards, float[] values, double gamma, double lambda) {
    if (rewards.length != values.length) {
      throw new IllegalArgumentException(
          "GAE: got %d values, expected %d, one for each reward"
              .formatted(values.length, rewards.length));
    }
    float[] advantages = new float[rewards.length];
    float[] returns = new float[rewards.length];
    double advantage = 0;
    double next = 0;
    for (int t = rewards.length - 1; t >= 0; t--) {
      double surprise = rewards[t] + gamma * next - values[t];
      advantage = surprise + gamma * lambda * advantage;
      advantages[t] = (float) advantage;
      returns[t] = (float) (advantage + values[t]);
      next = values[t];
    }
    return new Advantages(advantages, returns);
  }

  /**
   * Leave-one-out baseline over answers to the same prompt: each reward minus the mean of the
   * others; Kool et al. 2019, Ahmadian et al. 2024, arXiv:2402.14740.
   *
   * @param rewards of two or more answers
   */
  public static double[] leaveOneOut(double[] rewards) {
    if (rewards.length < 2) {
      throw new IllegalArgumentException(
          "leave-one-out: got %d answers, expected 2 or more".formatted(rewards.length));
    }
    double sum = 0;
    for (double reward : rewards) {
      sum += reward;
    }
    double[] advantages = new double[rewards.length];
    for (int i = 0; i < rewards.length; i++) {
      advantages[i] = rewards[i] - (sum - rewards[i]) / (rewards.length - 1);
    }
    return advantages;
  }

  /** The same advantages shifted and scaled to mean 0 and variance 1 over all tokens. */
  public static List<float[]> whiten(List<float[]> advantages) {
    double mean = mean(advantages);
    double deviation = Math.sqrt(variance(advantages, mean)) + TINY;
    var whitened = new ArrayList<float[]>();
    for (float[] answer : advantages) {
      float[] values = new float[answer.length];
      for (int t = 0; t < values.length; t++) {
        values[t] = (float) ((answer[t] - mean) / deviation);
      }
      whitened.add(values);
    }
    return whitened;
  }

  /**
   * 1 − Var(returns − values) / Var(returns): 1 for a perfect critic, 0 for a constant one, less
   * for a harmful one.
   */
  public static double explainedVariance(List<float[]> values, List<float[]> returns) {
    var errors = new ArrayList<float[]>();
    for (int i = 0; i < values.size(); i++) {
      float[] error = new float[values.get(i).length];
      for (int t = 0; t < error.length; t++) {
        error[t] = returns.get(i)[t] - values.get(i)[t];
      }
      errors.add(error);
    }
    return 1 - variance(errors, mean(errors)) / (variance(returns, mean(returns)) + TINY);
  }

  private static double mean(List<float[]> arrays) {
    double sum = 0;
    long count = 0;
    for (float[] array : arrays) {
      for (float value : array) {
        sum += value;
      }
      count += array.length;
    }
    return sum / Math.max(1, count);
  }

  private static double variance(List<float[]> arrays, double mean) {
    double sum = 0;
    long count = 0;
    for (float[] array : arrays) {
      for (float value : array) {
        sum += (value - mean) * (value - mean);
      }
      count += array.length;
    }
    return sum / Math.max(1, count);
  }
}
