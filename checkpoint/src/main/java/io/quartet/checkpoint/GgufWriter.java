package io.quartet.checkpoint;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A GGUF file under construction: keys with their values, then tensors, one held at a time. Format:
 * <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a>, version 3.
 */
final class GgufWriter {
  private static final int ALIGNMENT = 32;
  private static final int UINT32 = 4;
  private static final int INT32 = 5;
  private static final int FLOAT32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final Bytes keys = new Bytes();
  private int count;

  GgufWriter put(String key, String value) {
    key(key, STRING).text(value);
    return this;
  }

  GgufWriter put(String key, int value) {
    key(key, UINT32).number(value);
    return this;
  }

  GgufWriter put(String key, float value) {
    key(key, FLOAT32).number(Float.floatToRawIntBits(value));
    return this;
  }

  GgufWriter put(String key, boolean value) {
    key(key, BOOL).out.write(value ? 1 : 0);
    return this;
  }

  GgufWriter put(String key, List<String> values) {
    key(key, ARRAY).number(STRING).large(values.size());
    values.forEach(keys::text);
    return this;
  }

  GgufWriter put(String key, int[] values) {
    key(key, ARRAY).number(INT32).large(values.length);
    Arrays.stream(values).forEach(keys::number);
    return this;
  }

  /**
   * Writes the file.
   *
   * @throws QuartetException FAILED_PRECONDITION or RESOURCE_EXHAUSTED if it cannot be written
   */
  void write(Path file, List<TensorSource> tensors) {
    var start = new Bytes();
    start.out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    start.number(3).large(tensors.size()).large(count);
    start.out.writeBytes(keys.out.toByteArray());
    long offset = 0;
    for (TensorSource tensor : tensors) {
      declare(start, tensor, offset);
      offset += tensor.bytes() + padding(tensor.bytes());
    }
    try (var out = new BufferedOutputStream(Files.newOutputStream(file))) {
      start.out.writeTo(out);
      pad(out, start.out.size());
      var channel = Channels.newChannel(out);
      for (TensorSource tensor : tensors) {
        tensor.content().writeTo(channel);
        pad(out, tensor.bytes());
      }
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  private static void declare(Bytes start, TensorSource tensor, long offset) {
    long[] shape = tensor.shape();
    start.text(tensor.name()).number(shape.length);
    for (int i = shape.length - 1; i >= 0; i--) { // innermost first
      start.large(shape[i]);
    }
    start.number(type(tensor.dataType())).large(offset);
  }

  private static int type(DataType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 30;
      case F64, I64, I32, I16, I8, U8, BOOL ->
          throw new IllegalArgumentException("type %s, expected F32, F16 or BF16".formatted(type));
    };
  }

  private Bytes key(String key, int type) {
    count++;
    return keys.text(key).number(type);
  }

  private static void pad(OutputStream out, long written) throws IOException {
    out.write(new byte[padding(written)]);
  }

  private static int padding(long bytes) {
    return (int) (-bytes & ALIGNMENT - 1);
  }

  /** Little-endian values one after the other. */
  private static final class Bytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Bytes text(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      large(utf8.length).out.writeBytes(utf8);
      return this;
    }

    Bytes number(int value) {
      out.writeBytes(littleEndian(4).putInt(value).array());
      return this;
    }

    Bytes large(long value) {
      out.writeBytes(littleEndian(8).putLong(value).array());
      return this;
    }

    private static ByteBuffer littleEndian(int size) {
      return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
  }
}
