package io.quartet.model;

import java.util.concurrent.atomic.AtomicBoolean;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The number format that matrices are multiplied in; weights and optimizer state stay fp32. */
public enum Precision {
  /** IEEE single throughout. */
  FP32(ScalarType.Float),
  /**
   * bfloat16 operands in the projections and the attention, fp32 accumulation, residual stream,
   * normalisation and loss.
   */
  BF16(ScalarType.BFloat16);

  private static final System.Logger LOG = System.getLogger(Precision.class.getName());
  private static final AtomicBoolean TOLD = new AtomicBoolean();

  private final ScalarType scalarType;

  Precision(ScalarType scalarType) {
    this.scalarType = scalarType;
  }

  /**
   * What a model that is to be trained in a precision is trained in here: FP32 instead of BF16, and
   * a warning once, on a processor for which there are no fast bfloat16 products. Libtorch would
   * compute them one by one there, some fifty times as slow as fp32's.
   *
   * @param name of the precision, as recipes have it in lower case
   */
  public static Precision here(String name) {
    Precision asked = valueOf(name);
    if (TorchRuntime.multiplies(asked)) {
      return asked;
    }
    if (TOLD.compareAndSet(false, true)) {
      LOG.log(
          System.Logger.Level.WARNING,
          "precision: {0}, and this processor lacks AVX-512 for it; multiplies in {1} instead",
          name,
          FP32);
    }
    return FP32;
  }

  ScalarType scalarType() {
    return scalarType;
  }
}
