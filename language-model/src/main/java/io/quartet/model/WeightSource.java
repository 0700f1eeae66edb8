package io.quartet.model;

import io.quartet.checkpoint.LoraConfig;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Where a module's weights come from when it is built. */
@FunctionalInterface
interface WeightSource {
  /** The shape of a distribution. */
  enum Distribution {
    NORMAL,
    UNIFORM
  }

  /**
   * How a weight begins.
   *
   * @param spread the standard deviation if normal, the largest distance from the mean if uniform
   */
  record Start(Distribution distribution, double mean, double spread) {
    static Start normal(double standardDeviation) {
      return new Start(Distribution.NORMAL, 0, standardDeviation);
    }

    static Start uniform(double bound) {
      return new Start(Distribution.UNIFORM, 0, bound);
    }

    static Start constant(double value) {
      return new Start(Distribution.NORMAL, value, 0);
    }
  }

  /** An fp32 leaf of this full name and shape. */
  Tensor weight(String name, Start start, long... shape);

  /** How the projections are adapted beside frozen weights, if they are. */
  default Optional<LoraConfig> lora() {
    return Optional.empty();
  }

  /**
   * Drawn afresh. Every tensor has its own generator, seeded from its name, so that models which
   * share a trunk start from the same one whatever head they carry.
   */
  static WeightSource random(long seed) {
    return (name, start, shape) -> {
      if (start.spread() == 0) {
        return TorchRuntime.place(torch.full(shape, new Scalar((float) start.mean())));
      }
      var generator = new GeneratorOptional(torch.make_generator_cpu(mix(seed, name)));
      Tensor weight = torch.empty(shape);
      switch (start.distribution()) {
        case NORMAL -> weight.normal_(start.mean(), start.spread(), generator);
        case UNIFORM ->
            weight.uniform_(
                start.mean() - start.spread(), start.mean() + start.spread(), generator);
      }
      return TorchRuntime.place(weight);
    };
  }

  /** Left uninitialised, to be read from a file. */
  static WeightSource uninitialised() {
    return (name, start, shape) -> TorchRuntime.place(torch.empty(shape));
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

  /** Frozen weights from one source, and adapters beside them from another. */
  static WeightSource adapted(WeightSource frozen, LoraConfig lora, WeightSource adapters) {
    return new WeightSource() {
      @Override
      public Tensor weight(String name, Start start, long... shape) {
        return (LoraBranch.owns(name) ? adapters : frozen).weight(name, start, shape);
      }

      @Override
      public Optional<LoraConfig> lora() {
        return Optional.of(lora);
      }
    };
  }

  /** All of another model's weights, adapters among them, as {@link #shared(Map)}. */
  static WeightSource shared(TransformerModel model) {
    WeightSource all = shared(model.allWeights());
    return model.lora().map(lora -> adapted(all, lora, all)).orElse(all);
  }

  /** SplitMix64's finaliser over the seed and the name's hash. */
  static long mix(long seed, String name) {
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
