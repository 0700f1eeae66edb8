package io.quartet.model;

import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Where a module's weights come from when it is built. */
@FunctionalInterface
interface WeightSource {
  /** How a weight begins: normally distributed around a mean. */
  record Start(double mean, double standardDeviation) {
    static Start normal(double standardDeviation) {
      return new Start(0, standardDeviation);
    }

    static Start constant(double value) {
      return new Start(value, 0);
    }
  }

  /** An fp32 leaf of this full name and shape. */
  Tensor weight(String name, Start start, long... shape);

  /**
   * Drawn afresh. Every tensor has its own generator, seeded from its name, so that models which
   * share a trunk start from the same one whatever head they carry.
   */
  static WeightSource random(long seed) {
    return (name, start, shape) -> {
      if (start.standardDeviation() == 0) {
        return torch.full(shape, new Scalar((float) start.mean()));
      }
      Generator generator = torch.make_generator_cpu(mix(seed, name));
      Tensor weight = torch.empty(shape);
      weight.normal_(start.mean(), start.standardDeviation(), new GeneratorOptional(generator));
      return weight;
    };
  }

  /** Left uninitialised, to be read from a file. */
  static WeightSource uninitialised() {
    return (name, start, shape) -> torch.empty(shape);
  }

  /** The same storage as another model's weights, but leaves of their own with own gradients. */
  static WeightSource shared(Map<String, Tensor> weights) {
    return (name, start, shape) -> {
      Tensor original = weights.get(name);
      if (original == null) {
        throw new IllegalStateException("no weight '%s' to share".formatted(name));
      }
      return original.detach();
    };
  }

  /** SplitMix64's finaliser over the seed and the name's hash. */
  private static long mix(long seed, String name) {
    long z = seed * 0x9E3779B97F4A7C15L + name.hashCode();
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Long-lived pointers must not belong to a scope that would free them when it ends. */
  static void requireNoPointerScope() {
    if (PointerScope.getInnerScope() != null) {
      throw new IllegalStateException(
          "a model was built inside a PointerScope, expected outside: its weights outlive a step");
    }
  }
}
