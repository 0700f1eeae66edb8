package io.quartet.model;

import java.util.Map;
import org.bytedeco.openblas.global.openblas_full;
import org.bytedeco.pytorch.global.torch;

/**
 * libtorch in this process: loaded on first use, so that a service which has not trained stays
 * small.
 *
 * <p>Work is spread over threads by the rows of a batch, not inside an operation: each of {@link
 * Workers}' threads runs whole forward and backward passes with one libtorch thread. Small models
 * then pay no barrier per operation, OpenBLAS's own thread pool (which {@code set_num_threads} does
 * not touch) stays out of the way, and a busy neighbour slows one thread instead of all of them.
 */
public final class TorchRuntime {
  private static final String MAX_PHYSICAL_BYTES = "org.bytedeco.javacpp.maxPhysicalBytes";

  private TorchRuntime() {}

  /**
   * Loads libtorch and starts the threads that training runs on.
   *
   * @param threads how many, 1 or more; results are bit-identical for the same number
   */
  public static Workers configure(int threads) {
    // JavaCPP's default, 4 × Xmx of resident memory, is below what a model needs beside a small
    // heap; 0 leaves the limit to the operating system, as no pointer waits for the collector here.
    if (System.getProperty(MAX_PHYSICAL_BYTES) == null) {
      System.setProperty(MAX_PHYSICAL_BYTES, "0");
    }
    useOneThreadPerOperation();
    return new Workers(threads);
  }

  /** Makes operations called from this thread run in it alone; also what a worker starts with. */
  static void useOneThreadPerOperation() {
    torch.set_num_threads(1);
    openblas_full.openblas_set_num_threads(1);
  }

  /**
   * Environment variables that a process which trains should be started with; they cannot be set
   * from inside. Without them it is about 6 % slower.
   */
  public static Map<String, String> environment() {
    return Map.of(
        // Threads that wait for OpenMP sleep instead of spinning on a shared core.
        "OMP_WAIT_POLICY",
        "PASSIVE",
        // Activations come and go every step: keep their pages, in few heaps and large pages.
        // 32 MiB is the most that glibc accepts for the first threshold.
        "MALLOC_ARENA_MAX",
        "4",
        "MALLOC_MMAP_THRESHOLD_",
        "33554432",
        "MALLOC_TRIM_THRESHOLD_",
        "1073741824",
        "THP_MEM_ALLOC_ENABLE",
        "1");
  }
}
