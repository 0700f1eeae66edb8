package io.quartet.model;

/**
 * Estimates of KL(p ‖ q) from a token sampled from p; Schulman 2020, "Approximating KL divergence".
 */
public enum KlEstimator {
  /** log p − log q: unbiased, may be negative. */
  K1 {
    @Override
    public double of(double logP, double logQ) {
      return logP - logQ;
    }
  },
  /** ½ (log p − log q)²: biased, never negative, low variance. */
  K2 {
    @Override
    public double of(double logP, double logQ) {
      return 0.5 * (logP - logQ) * (logP - logQ);
    }
  },
  /** q/p − 1 − log(q/p): unbiased and never negative. */
  K3 {
    @Override
    public double of(double logP, double logQ) {
      return Math.expm1(logQ - logP) - (logQ - logP);
    }
  };

  /** The estimate from the sampled token's log-probabilities, in nats. */
  public abstract double of(double logP, double logQ);

  /** The sum over an answer's tokens. */
  public double sum(float[] logP, float[] logQ) {
    if (logP.length != logQ.length) {
      throw new IllegalArgumentException(
          "log-probs: got %d and %d, expected as many of both".formatted(logP.length, logQ.length));
    }
    double sum = 0;
    for (int i = 0; i < logP.length; i++) {
      sum += of(logP[i], logQ[i]);
    }
    return sum;
  }
}
