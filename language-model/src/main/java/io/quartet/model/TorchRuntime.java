package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_full;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * libtorch in this process: loaded on first use, so that a service which has not trained stays
 * small.
 *
 * <p>Work is spread over threads by the rows of a batch, not inside an operation: each of {@link
 * Workers}' threads runs whole forward and backward passes with one libtorch thread. Small models
 * then pay no barrier per operation, OpenBLAS's own thread pool (which {@code set_num_threads} does
 * not touch) stays out of the way, and a busy neighbour slows one thread instead of all of them. A
 * CUDA device takes a batch whole, from one thread.
 */
public final class TorchRuntime {
  private static final String MAX_PHYSICAL_BYTES = "org.bytedeco.javacpp.maxPhysicalBytes";

  /** In the order in which they need each other. */
  private static final List<String> CUDA_LIBRARIES =
      List.of(
          "libc10.so",
          "libc10_cuda.so",
          "libtorch_cpu.so",
          "libtorch_cuda.so",
          "libtorch_cuda_linalg.so",
          "libtorch.so");

  /** Set by this system property, or by the environment's {@code QUARTET_DEVICE}. */
  private static final String DEVICE = "quartet.device";

  static {
    // JavaCPP reads it when the first of its classes is loaded. Its default, 4 × Xmx of resident
    // memory, is below what a model needs beside a small heap; 0 leaves the limit to the operating
    // system, as no pointer waits for the collector here.
    if (System.getProperty(MAX_PHYSICAL_BYTES) == null) {
      System.setProperty(MAX_PHYSICAL_BYTES, "0");
    }
  }

  private TorchRuntime() {}

  /**
   * Unpacks a library of a CUDA build. JavaCPP unpacks each just before it loads it, and libtorch's
   * for CUDA before what those need, so that they fail and a first start finds no device.
   */
  private static void unpack(String library) {
    String name = "/org/bytedeco/pytorch/%s-gpu/%s".formatted(Loader.getPlatform(), library);
    if (torch.class.getResource(name) != null) {
      try {
        Loader.cacheResource(torch.class, name);
      } catch (IOException e) {
        throw new QuartetException(
            ErrorCode.INTERNAL, "cannot unpack %s: %s".formatted(library, e.getMessage()), e);
      }
    }
  }

  private enum Device {
    AUTO,
    CPU,
    CUDA
  }

  /** Chosen once, when the first tensor is made. */
  private static volatile @Nullable Boolean cuda;

  /**
   * Whether a device name means CUDA here: {@code cuda}, or {@code auto} where there is one.
   *
   * @throws QuartetException INVALID_ARGUMENT for another name than auto, cpu and cuda;
   *     FAILED_PRECONDITION if cuda is asked for and there is none
   */
  static boolean cuda(String name) {
    Device device =
        Arrays.stream(Device.values())
            .filter(one -> one.name().equals(name.toUpperCase(Locale.ROOT)))
            .findFirst()
            .orElseThrow(
                () ->
                    new QuartetException(
                        ErrorCode.INVALID_ARGUMENT,
                        "%s: '%s', expected auto, cpu or cuda".formatted(DEVICE, name)));
    return switch (device) {
      case CPU -> false;
      case AUTO -> torch.cuda_is_available();
      case CUDA -> {
        if (!torch.cuda_is_available()) {
          throw new QuartetException(
              ErrorCode.FAILED_PRECONDITION,
              "%s: cuda, but no CUDA device is visible here, or this build is not of ./mvnw -Pcuda"
                  .formatted(DEVICE));
        }
        yield true;
      }
    };
  }

  /** Whether models are on a CUDA device. */
  static boolean cuda() {
    Boolean chosen = cuda;
    if (chosen == null) {
      CUDA_LIBRARIES.forEach(TorchRuntime::unpack);
      String environment = System.getenv().getOrDefault("QUARTET_DEVICE", "auto");
      chosen = cuda(System.getProperty(DEVICE, environment));
      if (chosen) {
        onlyRepeatableKernels();
      }
      cuda = chosen;
    }
    return chosen;
  }

  /**
   * Some CUDA kernels, those of attention's gradient among them, add in whatever order their
   * threads arrive, unless they are told not to; an operation that cannot do without then fails.
   */
  private static void onlyRepeatableKernels() {
    Context context = torch.globalContext();
    context.setDeterministicAlgorithms(true, false);
    // It would write NaN into every buffer that an operation is about to fill.
    context.setDeterministicFillUninitializedMemory(false);
  }

  /** Whether there are fast matrix products of a precision on the device that models are on. */
  public static boolean multiplies(Precision precision) {
    // On x86, oneDNN has bfloat16 products from AVX-512 on, by way of fp32 on the first of those.
    return precision == Precision.FP32
        || cuda()
        || !Loader.getPlatform().endsWith("x86_64")
        || torch.get_cpu_capability().getString().startsWith("AVX512");
  }

  /** The tensor itself, or its copy on the device that models are on. */
  static Tensor place(Tensor tensor) {
    return cuda() ? tensor.cuda() : tensor;
  }

  /**
   * Loads libtorch and starts the threads that training runs on.
   *
   * @param threads how many, 1 or more; results are bit-identical for the same number. On a CUDA
   *     device it is always one, which hands over whole batches: the device runs the kernels of
   *     several threads one after the other, and smaller ones fill it less
   */
  public static Workers configure(int threads) {
    int workers = workers(threads); // asked first: it unpacks what the first operation loads
    useOneThreadPerOperation();
    return new Workers(workers);
  }

  /** How many threads {@link #configure} starts. */
  public static int workers(int threads) {
    return cuda() ? 1 : threads;
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
        "1",
        // Code that oneDNN made for a shape: most shapes never come back.
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY",
        "128");
  }
}
