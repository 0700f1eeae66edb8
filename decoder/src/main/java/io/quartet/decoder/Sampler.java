package io.quartet.decoder;

import java.util.SplittableRandom;

/**
 * Draws a token from a distribution. Samplers compose: {@code topK(40, topP(0.95,
 * categorical(random)))}.
 *
 * <p>Temperature is not among them: it changes every weight by an exponential, which the graph does
 * for all sequences at once in vector instructions, and Java would do one by one.
 */
@FunctionalInterface
interface Sampler {
  /** Draws a token id; what it filters out of the candidates stays out. */
  int sample(Candidates candidates);

  /** The sampler that the parameters describe, with its own random numbers. */
  static Sampler of(SamplingParams params) {
    if (params.temperature() == 0) {
      return greedy();
    }
    Sampler sampler = categorical(new SplittableRandom(params.seed()));
    if (params.minP() > 0) {
      sampler = minP(params.minP(), sampler);
    }
    if (params.topP() < 1) {
      sampler = topP(params.topP(), sampler);
    }
    return params.topK() > 0 ? topK(params.topK(), sampler) : sampler;
  }

  /** The likeliest token; of equals the lowest id. */
  static Sampler greedy() {
    return candidates -> candidates.id(candidates.likeliest());
  }

  /** A token in proportion to its weight; takes one random number a draw. */
  static Sampler categorical(SplittableRandom random) {
    return candidates -> candidates.id(candidates.placeOf(random.nextDouble()));
  }

  /** Only the k likeliest tokens reach the next sampler. */
  static Sampler topK(int k, Sampler next) {
    return candidates -> {
      candidates.keepLargest(k);
      return next.sample(candidates);
    };
  }

  /** Only tokens with this share of the likeliest's probability or more reach the next sampler. */
  static Sampler minP(double share, Sampler next) {
    return candidates -> {
      candidates.keepAtLeast(share);
      return next.sample(candidates);
    };
  }

  /** Only the likeliest tokens whose probabilities reach {@code p} reach the next sampler. */
  static Sampler topP(double p, Sampler next) {
    return candidates -> {
      candidates.keepNucleus(p);
      return next.sample(candidates);
    };
  }
}
