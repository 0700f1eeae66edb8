package io.quartet.bench;

import io.quartet.decoder.OnnxGemmRoof;
import io.quartet.model.GemmRoof;
import io.quartet.model.Precision;
import io.quartet.model.TorchRuntime;
import io.quartet.model.Workers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What this machine reaches on all threads, measured once for each line that it reads: {@code
 * BANDWIDTH GEMM}, the GB/s at which arrays that no cache holds are summed, and the GFLOP/s of fp32
 * matrix products, libtorch's or ONNX Runtime's, whichever are faster here. A process of its own,
 * so that libtorch is not beside the decoder.
 */
public final class Roofs {
  private static final int INTEGERS = 1 << 25;
  private static final int PASSES = 5;

  private Roofs() {}

  /** Runs until its input ends. */
  public static void main(String[] arguments) throws IOException {
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (Workers workers = TorchRuntime.configure(Round.THREADS);
        var products = new OnnxGemmRoof(Round.THREADS)) {
      List<int[]> arrays = new ArrayList<>();
      for (int i = 0; i < workers.count(); i++) {
        arrays.add(new int[INTEGERS]);
      }
      while (lines.readLine() != null) {
        double bandwidth = bandwidth(workers, arrays);
        double torch = GemmRoof.measure(Precision.FP32, workers);
        System.out.println(bandwidth + " " + Math.max(torch, products.measure()));
      }
    }
  }

  /** The best of a few passes, each thread over its own array. */
  private static double bandwidth(Workers workers, List<int[]> arrays) {
    List<Integer> all = Collections.nCopies(workers.count(), 0);
    double best = 0;
    for (int pass = 0; pass < PASSES; pass++) {
      long begun = System.nanoTime();
      List<Integer> sums = workers.map(all, (worker, part) -> sum(arrays.get(worker)));
      double seconds = (System.nanoTime() - begun) / 1e9;
      double bytes = 4.0 * INTEGERS * sums.size();
      best = Math.max(best, bytes / seconds / 1e9);
    }
    return best;
  }

  /** Four places at once: a core that reads on at one waits for the memory most of the time. */
  private static int sum(int[] integers) {
    int quarter = integers.length / 4;
    int a = 0;
    int b = 0;
    int c = 0;
    int d = 0;
    for (int i = 0; i < quarter; i++) {
      a += integers[i];
      b += integers[i + quarter];
      c += integers[i + 2 * quarter];
      d += integers[i + 3 * quarter];
    }
    return a + b + c + d;
  }
}
