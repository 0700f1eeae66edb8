package io.quartet.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A part of a step's loss: a number, and the gradients it sends back. The losses of a step's parts
 * are added, so each part's share of a mean is divided by the whole step's count.
 */
public interface Loss {
  /** The value. */
  double value();

  /** Adds this loss's gradients to those of the weights; once. */
  void backward();

  /** Further figures by name, which are added over the parts as the loss is. */
  default Map<String, Double> metrics() {
    return Map.of();
  }

  /** A loss that autograd differentiates: a scalar tensor, with further figures. */
  static Loss of(Tensor scalar, Map<String, Double> metrics) {
    double value = scalar.item_float();
    return new Loss() {
      @Override
      public double value() {
        return value;
      }

      @Override
      public void backward() {
        scalar.backward();
      }

      @Override
      public Map<String, Double> metrics() {
        return metrics;
      }
    };
  }

  /** A loss that autograd differentiates: a scalar tensor. */
  static Loss of(Tensor scalar) {
    return of(scalar, Map.of());
  }

  /** The sum of this and another. */
  default Loss plus(Loss other) {
    var both = new LinkedHashMap<>(metrics());
    other.metrics().forEach((name, value) -> both.merge(name, value, Double::sum));
    Loss first = this;
    return new Loss() {
      @Override
      public double value() {
        return first.value() + other.value();
      }

      @Override
      public void backward() {
        first.backward();
        other.backward();
      }

      @Override
      public Map<String, Double> metrics() {
        return both;
      }
    };
  }
}
