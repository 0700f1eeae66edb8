package io.quartet.decoder;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** A row of weights as the quantizer writes it, read back by the book. */
record QuantizedRow(
    BlockFormat format, int length, ByteBuffer values, FloatBuffer scales, ByteBuffer zeroPoints) {
  static QuantizedRow of(float[] weights, BlockFormat format) {
    int blocks = format.blocks(weights.length);
    var row =
        new QuantizedRow(
            format,
            weights.length,
            ByteBuffer.allocate(blocks * format.blockBytes()),
            FloatBuffer.allocate(blocks),
            ByteBuffer.allocate(format.zeroPointBytes(weights.length)));
    new BlockQuantizer(format).row(weights, row.values, row.scales, row.zeroPoints);
    return row;
  }

  int value(int i) {
    return format.bits() == 8 ? values.get(i) & 0xff : values.get(i / 2) >> i % 2 * 4 & 0xf;
  }

  float scale(int i) {
    return scales.get(i / format.size());
  }

  double weight(int i) {
    int block = i / format.size();
    int zero = format.zeroPoints() ? zeroPoints.get(block / 2) >> block % 2 * 4 & 0xf : 128;
    return (double) (value(i) - zero) * scale(i);
  }

  float[] weights() {
    float[] weights = new float[length];
    for (int i = 0; i < length; i++) {
      weights[i] = (float) weight(i);
    }
    return weights;
  }
}
