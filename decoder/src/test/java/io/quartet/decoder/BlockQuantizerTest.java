package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockQuantizerTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 16, 64, 97, 1024})
  void eightBitWeightIsWithinHalfAScale(int length) {
    for (float[] weights : rows(length)) {
      QuantizedRow row = QuantizedRow.of(weights, BlockFormat.INT8);
      for (int i = 0; i < length; i++) {
        assertThat(Math.abs(weights[i] - row.weight(i))).isLessThanOrEqualTo(halfOf(row.scale(i)));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 32, 97, 1024})
  void fourBitWeightIsWithinHalfAScaleOrAtTheEndOfTheRange(int length) {
    for (float[] weights : rows(length)) {
      QuantizedRow row = QuantizedRow.of(weights, BlockFormat.INT4);
      for (int i = 0; i < length; i++) {
        double error = weights[i] - row.weight(i);
        if (Math.abs(error) > halfOf(row.scale(i))) {
          assertThat(row.value(i)).isEqualTo(error < 0 ? 0 : 15);
        }
      }
    }
  }

  @Test
  void fittedRangeLosesLessThanTheWholeRange() {
    for (float[] weights : rows(32)) {
      double least = 0;
      double greatest = Double.MIN_NORMAL;
      for (float weight : weights) {
        least = Math.min(least, weight);
        greatest = Math.max(greatest, weight);
      }
      double whole = (greatest - least) / 15;
      double zeroPoint = Math.rint(-least / whole);
      QuantizedRow row = QuantizedRow.of(weights, BlockFormat.INT4);
      double fitted = 0;
      double plain = 0;
      double squares = 0;
      for (int i = 0; i < weights.length; i++) {
        double value = Math.rint(weights[i] / whole) + zeroPoint;
        value = Math.min(Math.max(value, 0), 15);
        squares += Math.pow(weights[i], 2);
        plain += Math.pow((value - zeroPoint) * whole - weights[i], 2);
        fitted += Math.pow(row.weight(i) - weights[i], 2);
      }
      assertThat(fitted).isLessThanOrEqualTo(plain * (1 + 1e-6) + squares * 1e-12);
    }
  }

  @Test
  void zerosStayZero() {
    float[] weights = new float[70];
    weights[69] = -3;
    for (BlockFormat format : new BlockFormat[] {BlockFormat.INT8, BlockFormat.INT4}) {
      QuantizedRow row = QuantizedRow.of(weights, format);
      assertThat(row.weights()).startsWith(new float[69]);
      assertThat(row.weight(69)).isCloseTo(-3, org.assertj.core.api.Assertions.within(0.2));
    }
  }

  @Test
  void blockWithAWeightThatIsNotFiniteStaysNotFinite() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] weights = new float[128];
      Arrays.fill(weights, 1);
      weights[80] = bad;
      for (BlockFormat format : new BlockFormat[] {BlockFormat.INT8, BlockFormat.INT4}) {
        QuantizedRow row = QuantizedRow.of(weights, format);
        assertThat(row.scale(0)).isFinite();
        assertThat(Float.isFinite(row.scale(80))).isFalse();
      }
    }
  }

  @Test
  void bytesAreLaidOutAsMatMulNBitsReadsThem() {
    float[] weights = new float[64];
    weights[0] = -1.5f; // with the greatest at 6 the scale is 0.5 and the zero point 3
    weights[1] = 6;
    weights[33] = 15; // the second block: scale 1, zero point 0
    weights[35] = 7;
    QuantizedRow row = QuantizedRow.of(weights, BlockFormat.INT4);
    byte[] expected = new byte[32];
    Arrays.fill(expected, 0, 16, (byte) 0x33);
    expected[0] = (byte) 0xf0;
    expected[16] = (byte) 0xf0;
    expected[17] = 0x70;
    assertThat(row.values().array()).containsExactly(expected);
    assertThat(row.scales().array()).containsExactly(0.5f, 1);
    assertThat(row.zeroPoints().array()).containsExactly((byte) 0x03);
  }

  /** Bounds hold in exact arithmetic; dividing by the scale rounds in the last place. */
  private static double halfOf(double scale) {
    return 0.5 * scale * (1 + 1e-4);
  }

  /** Rows of all sorts: even, normal, with outliers, of one sign, tiny, huge, sparse. */
  private static float[][] rows(int length) {
    var random = new Random(length);
    float[][] rows = new float[60][length];
    for (int r = 0; r < rows.length; r++) {
      for (int i = 0; i < length; i++) {
        double normal = random.nextGaussian();
        rows[r][i] =
            (float)
                switch (r % 6) {
                  case 0 -> normal;
                  case 1 -> random.nextDouble() - 0.5;
                  case 2 -> normal * (random.nextInt(30) == 0 ? 50 : 1);
                  case 3 -> 3 + normal / 4;
                  case 4 -> normal * Math.pow(10, r - 30);
                  default -> random.nextInt(20) == 0 ? normal : 0;
                };
      }
    }
    return rows;
  }
}
