package io.quartet.model;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Java arrays to tensors and back. */
final class Tensors {
  private Tensors() {}

  /** [B·T] from B rows of T. */
  static Tensor flat(long[][] rows) {
    return Tensor.create(Arrays.stream(rows).flatMapToLong(Arrays::stream).toArray());
  }

  /** [B, T] from B rows of T. */
  static Tensor matrix(long[][] rows) {
    return flat(rows).view(rows.length, -1);
  }

  /** The elements of an fp32 or bf16 tensor in row-major order. */
  static float[] floats(Tensor tensor) {
    Tensor whole = tensor.detach().to(ScalarType.Float).contiguous();
    float[] values = new float[Math.toIntExact(whole.numel())];
    if (values.length > 0) {
      whole.data_ptr_float().get(values);
    }
    return values;
  }
}
