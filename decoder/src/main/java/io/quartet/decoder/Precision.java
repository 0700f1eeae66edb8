package io.quartet.decoder;

/**
 * How a decoder holds a model's matrices. Whatever the file has, arithmetic outside of the
 * matrices, norms and biases are FP32.
 */
public enum Precision {
  /** As they are, in 32 bits. */
  FP32,

  /** Eight bits, in blocks of 64 with a scale each: 8.5 bits for a weight. */
  INT8,

  /**
   * Four bits, in blocks of 32 with a scale and a zero point each: 5.1 bits for a weight. The
   * embedding and the head, which choose between tokens, are as in {@link #INT8}.
   */
  INT4
}
