package io.quartet.recipe;

/** The number format of a training step's matrix products; master weights are always fp32. */
public enum Precision {
  /** 32-bit floats throughout. */
  FP32,
  /** bfloat16 products over fp32 master weights. */
  BF16
}
