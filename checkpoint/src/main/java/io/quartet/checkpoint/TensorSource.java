package io.quartet.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;

/**
 * A tensor to be written; its bytes are asked for once, when its turn comes, so that a model is
 * never held twice.
 *
 * @param name the tensor's name
 * @param dataType the type of its elements
 * @param shape sizes, outermost first; empty for a scalar
 * @param content writes exactly the tensor's bytes, little endian, in row-major order
 */
@SuppressWarnings("ArrayRecordComponent") // identity is enough: a source is used once
public record TensorSource(String name, DataType dataType, long[] shape, ChunkWriter content) {
  /** Writes a tensor's bytes in as many chunks as it likes. */
  @FunctionalInterface
  public interface ChunkWriter {
    /** Writes all the bytes to the channel. */
    void writeTo(WritableByteChannel channel) throws IOException;
  }

  private static final int CHUNK_ELEMENTS = 1 << 18;

  /** Copies the shape and checks it; INVALID_ARGUMENT if a size is negative. */
  public TensorSource {
    shape = shape.clone();
    for (long size : shape) {
      if (size < 0) {
        throw new QuartetException(
            ErrorCode.INVALID_ARGUMENT,
            "tensor '%s': size %d, expected 0 or more".formatted(name, size));
      }
    }
  }

  /** An F32 tensor from an array, which must hold the product of the shape. */
  public static TensorSource of(String name, float[] values, long... shape) {
    return new TensorSource(
        name,
        DataType.F32,
        shape,
        channel -> {
          int chunk = Math.min(CHUNK_ELEMENTS, values.length);
          ByteBuffer buffer = ByteBuffer.allocateDirect(chunk * 4).order(ByteOrder.LITTLE_ENDIAN);
          for (int from = 0; from < values.length; from += chunk) {
            int length = Math.min(chunk, values.length - from);
            buffer.clear().limit(length * 4);
            buffer.asFloatBuffer().put(values, from, length);
            writeFully(channel, buffer);
          }
        });
  }

  /** A tensor from the remaining bytes of a little-endian buffer, which is left untouched. */
  public static TensorSource of(String name, DataType dataType, ByteBuffer bytes, long... shape) {
    return new TensorSource(
        name, dataType, shape, channel -> writeFully(channel, bytes.duplicate()));
  }

  /** Bytes that the content has to write. */
  public long bytes() {
    return Safetensors.elements(shape) * dataType.bytes();
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  private static void writeFully(WritableByteChannel channel, ByteBuffer buffer)
      throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
