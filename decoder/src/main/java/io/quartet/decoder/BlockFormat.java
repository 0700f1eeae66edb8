package io.quartet.decoder;

/**
 * How the weights of a row are quantised: in blocks of consecutive inputs, w ≈ (q − zero point) ·
 * scale with q in 0 to 2^bits − 1.
 *
 * <p>The block sizes are the largest with which ONNX Runtime's product of a row has the same bits
 * whatever other rows it is computed with, so that an answer does not depend on its batch; without
 * AVX-512 4-bit products of one row differ even so, see {@link DecoderSession#needsOneMore}.
 *
 * @param zeroPoints whether each block has one; else it is 2^(bits − 1)
 */
record BlockFormat(int bits, int size, boolean zeroPoints) {
  static final BlockFormat INT8 = new BlockFormat(8, 64, false);
  static final BlockFormat INT4 = new BlockFormat(4, 32, true);

  /** The largest q. */
  int most() {
    return (1 << bits) - 1;
  }

  /** Blocks of a row; the last one may be padded. */
  int blocks(int columns) {
    return (columns + size - 1) / size;
  }

  /** Bytes of a block's values. */
  int blockBytes() {
    return size * bits / 8;
  }

  /** Bytes of a row's zero points, two to a byte in {@link #INT4}. */
  int zeroPointBytes(int columns) {
    return zeroPoints ? (blocks(columns) * bits + 7) / 8 : 0;
  }

  /** Bytes of a matrix with its scales and zero points. */
  long bytes(long rows, int columns) {
    return rows * ((long) blocks(columns) * (blockBytes() + Float.BYTES) + zeroPointBytes(columns));
  }
}
