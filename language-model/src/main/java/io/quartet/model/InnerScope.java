package io.quartet.model;

import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Parts of a pass that leave only their result behind. A pointer scope frees its tensors when it
 * ends, so one around a whole pass would hold what every block makes.
 */
final class InnerScope {
  private InnerScope() {}

  /** Frees what an operation makes but its result, which the scope around this one holds. */
  static Tensor keeping(Supplier<Tensor> operation) {
    PointerScope outer = PointerScope.getInnerScope();
    try (var scope = new PointerScope()) {
      return kept(outer, operation.get());
    }
  }

  /** Lets a tensor outlive the inner scope: the outer one holds it as well. */
  static Tensor kept(@Nullable PointerScope outer, Tensor tensor) {
    if (outer == null) {
      throw new IllegalStateException("no pointer scope around a pass");
    }
    outer.attach(tensor);
    return tensor;
  }
}
