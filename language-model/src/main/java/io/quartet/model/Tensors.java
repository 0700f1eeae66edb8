package io.quartet.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.LayoutOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Java arrays to tensors and back. */
final class Tensors {
  private Tensors() {}

  /** The element type, as a constant: what the binding returns equals none of them. */
  static ScalarType type(Tensor tensor) {
    return tensor.scalar_type().intern();
  }

  /** A vector where the models are. */
  static Tensor vector(long... values) {
    return TorchRuntime.place(Tensor.create(values));
  }

  /** A vector where the models are. */
  static Tensor vector(float... values) {
    return TorchRuntime.place(Tensor.create(values));
  }

  /** fp32 zeros of this shape where another tensor is. */
  static Tensor zerosBeside(Tensor other, long... shape) {
    return other.new_zeros(
        shape,
        new ScalarTypeOptional(ScalarType.Float),
        new LayoutOptional(),
        new DeviceOptional(),
        new BoolOptional());
  }

  /** [B·T] from B rows of T. */
  static Tensor flat(long[][] rows) {
    int length = rows[0].length;
    long[] all = new long[rows.length * length];
    for (int row = 0; row < rows.length; row++) {
      System.arraycopy(rows[row], 0, all, row * length, length);
    }
    return vector(all);
  }

  /** [B, T] from B rows of T. */
  static Tensor matrix(long[][] rows) {
    return flat(rows).view(rows.length, -1);
  }

  /** The elements of a vector as a list. */
  static List<Float> list(Tensor vector) {
    var list = new ArrayList<Float>();
    for (float value : floats(vector)) {
      list.add(value);
    }
    return list;
  }

  /** A vector cut into pieces of these lengths. */
  static List<float[]> split(Tensor vector, int[] lengths) {
    float[] values = floats(vector);
    var pieces = new ArrayList<float[]>();
    int from = 0;
    for (int length : lengths) {
      pieces.add(Arrays.copyOfRange(values, from, from + length));
      from += length;
    }
    return pieces;
  }

  /** The elements of an fp32 or bf16 tensor in row-major order. */
  static float[] floats(Tensor tensor) {
    Tensor whole = tensor.detach().cpu().to(ScalarType.Float).contiguous();
    float[] values = new float[Math.toIntExact(whole.numel())];
    if (values.length > 0) {
      whole.data_ptr_float().get(values);
    }
    return values;
  }
}
