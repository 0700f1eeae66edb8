package io.quartet.model;

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

  private final ScalarType scalarType;

  Precision(ScalarType scalarType) {
    this.scalarType = scalarType;
  }

  ScalarType scalarType() {
    return scalarType;
  }
}
