package io.quartet.model;

import java.util.Collections;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What this machine reaches in plain matrix products, to compare a training step with. */
public final class GemmRoof {
  private static final int SIZE = 1024;
  private static final int ROUNDS = 6;
  private static final double OPERATIONS = 2.0 * SIZE * SIZE * SIZE;

  private GemmRoof() {}

  /**
   * Billions of floating-point operations per second of C = A·B on square matrices of 1024, one
   * product on every worker at a time; the best of a few rounds.
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
    try (var off = new NoGradGuard()) {
      Tensor a = TorchRuntime.place(torch.randn(SIZE, SIZE)).to(precision.scalarType());
      Tensor b = TorchRuntime.place(torch.randn(SIZE, SIZE)).to(precision.scalarType());
      torch.mm(a, b);
      double best = 0;
      for (int round = 0; round < ROUNDS; round++) {
        long start = System.nanoTime();
        try (var scope = new PointerScope()) {
          torch.mm(a, b);
        }
        best = Math.max(best, OPERATIONS / (System.nanoTime() - start));
      }
      return best;
    }
  }
}
