package io.quartet.model;

import java.util.Collections;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What this machine reaches in plain matrix products, to compare a training step with. */
public final class GemmRoof {
  private static final int ROUNDS = 6;

  /** Matrices of size × size, and how many products are timed together. */
  private record Load(int size, int products) {
    /** Enough to keep all of a processor core busy, or all of a CUDA device. */
    static Load here() {
      return TorchRuntime.cuda() ? new Load(8192, 5) : new Load(1024, 1);
    }

    double operations() {
      return 2.0 * size * size * size * products;
    }
  }

  private GemmRoof() {}

  /**
   * Billions of floating-point operations per second of C = A·B on square matrices of 1024, on CUDA
   * of 8192, one product on every worker at a time; the best of a few rounds.
   */
  public static double measure(Precision precision, Workers workers) {
    List<Integer> all = Collections.nCopies(workers.count(), 0);
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
      double sum =
          workers.map(all, (worker, part) -> rate(precision)).stream()
              .mapToDouble(Double::doubleValue)
              .sum();
      best = Math.max(best, sum);
    }
    return best;
  }

  private static double rate(Precision precision) {
    Load load = Load.here();
    try (var off = new NoGradGuard()) {
      Tensor a = square(load.size(), precision);
      Tensor b = square(load.size(), precision);
      multiply(a, b, 1);
      double best = 0;
      for (int round = 0; round < ROUNDS; round++) {
        long start = System.nanoTime();
        multiply(a, b, load.products());
        best = Math.max(best, load.operations() / (System.nanoTime() - start));
      }
      return best;
    }
  }

  private static Tensor square(int size, Precision precision) {
    return TorchRuntime.place(torch.empty(size, size)).normal_().to(precision.scalarType());
  }

  /**
   * Returns when the last product is there: a CUDA device is still busy when {@code mm} returns.
   */
  private static void multiply(Tensor a, Tensor b, int products) {
    for (int product = 0; product < products; product++) {
      try (var scope = new PointerScope()) {
        Tensor corner = torch.mm(a, b).narrow(0, 0, 1).narrow(1, 0, 1);
        if (product == products - 1) {
          corner.item_float();
        }
      }
    }
  }
}
