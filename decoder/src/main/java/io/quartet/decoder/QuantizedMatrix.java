package io.quartet.decoder;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.TensorEntry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A weight [N, K] in blocks, outside of the heap. */
final class QuantizedMatrix implements AutoCloseable {
  private final BlockFormat format;
  private final int rows;
  private final int columns;
  private final DirectMemory values;
  private final DirectMemory scales;
  private final DirectMemory zeroPoints;

  private QuantizedMatrix(String name, BlockFormat format, int rows, int columns) {
    this.format = format;
    this.rows = rows;
    this.columns = columns;
    long blocks = (long) rows * format.blocks(columns);
    values = DirectMemory.allocate(blocks * format.blockBytes(), name);
    scales = DirectMemory.allocate(blocks * Float.BYTES, name);
    zeroPoints = DirectMemory.allocate((long) rows * format.zeroPointBytes(columns), name);
  }

  /** Quantises tensors of a file, holding one of their rows at a time. */
  static QuantizedMatrix of(Safetensors file, TensorStack stack, BlockFormat format) {
    long[] shape = stack.shape();
    int columns = Math.toIntExact(shape[1]);
    var matrix = new QuantizedMatrix(stack.name(), format, Math.toIntExact(shape[0]), columns);
    var quantizer = new BlockQuantizer(format);
    ByteBuffer values = matrix.values.buffer();
    var scales = matrix.scales.buffer().asFloatBuffer();
    ByteBuffer zeroPoints = matrix.zeroPoints.buffer();
    float[] row = new float[columns];
    for (TensorEntry part : stack.parts()) {
      for (long from = 0; from < part.elements(); from += columns) {
        file.floats(part.name(), from, row);
        quantizer.row(row, values, scales, zeroPoints);
      }
    }
    return matrix;
  }

  /** UINT8 [N, blocks, bytes of a block]. */
  OnnxTensor values() throws OrtException {
    return bytes(values, rows, format.blocks(columns), format.blockBytes());
  }

  /** The same bytes as rows of whole blocks, UINT8 [N, blocks · bytes of a block]. */
  OnnxTensor valueRows() throws OrtException {
    return bytes(values, rows, (long) format.blocks(columns) * format.blockBytes());
  }

  /** FLOAT [N, blocks]. */
  OnnxTensor scales() throws OrtException {
    long[] shape = {rows, format.blocks(columns)};
    return OnnxTensor.createTensor(Onnx.environment(), scales.buffer().asFloatBuffer(), shape);
  }

  /** UINT8 [N, bytes]; only of a format that has them. */
  OnnxTensor zeroPoints() throws OrtException {
    return bytes(zeroPoints, rows, format.zeroPointBytes(columns));
  }

  /** Frees the memory; the tensors must be closed before. */
  @Override
  public void close() {
    values.close();
    scales.close();
    zeroPoints.close();
  }

  private static OnnxTensor bytes(DirectMemory memory, long... shape) throws OrtException {
    ByteBuffer buffer = memory.buffer().order(ByteOrder.nativeOrder());
    return OnnxTensor.createTensor(Onnx.environment(), buffer, shape, OnnxJavaType.UINT8);
  }
}
