package io.quartet.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file, mapped: tensors are read from the page cache without a copy. The header is
 * checked in full on opening; the file must not change while it is open.
 *
 * <p>Format: <a
 * href="https://github.com/huggingface/safetensors#format">huggingface/safetensors</a>.
 */
public final class Safetensors implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final SafetensorsHeader header;

  /** One mapping for all tensors where Java can address it; else each access makes its own. */
  private final @Nullable ByteBuffer whole;

  private Safetensors(Path file, FileChannel channel) throws IOException {
    this.file = file;
    this.channel = channel;
    this.header = SafetensorsHeader.read(file, channel);
    this.whole = channel.size() <= Integer.MAX_VALUE ? map(0, channel.size()) : null;
  }

  /**
   * Opens a file and checks its header against its size.
   *
   * @throws QuartetException NOT_FOUND if the file is missing; DATA_LOSS if it is truncated, longer
   *     than its header says, or not a safetensors file
   */
  public static Safetensors open(Path file) {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      return new Safetensors(file, channel);
    } catch (IOException e) {
      close(channel, e);
      throw QuartetException.reading(file, e);
    } catch (QuartetException e) {
      close(channel, e);
      throw e;
    }
  }

  /**
   * Writes a file, one tensor after the other in the order given, without holding any of them.
   *
   * @param metadata free text by name, the format's {@code __metadata__}
   * @throws QuartetException RESOURCE_EXHAUSTED if the disk is full, FAILED_PRECONDITION if the
   *     file may not be written, INVALID_ARGUMENT if a name comes twice or a source writes another
   *     number of bytes than its shape says
   */
  public static void write(
      Path file, Map<String, String> metadata, Iterable<TensorSource> tensors) {
    SafetensorsWriter.write(file, metadata, tensors);
  }

  /** Names of all tensors, in the order of the header. */
  public Set<String> names() {
    return Collections.unmodifiableSet(header.entries().keySet());
  }

  /** The free text beside the tensors; empty if there is none. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * What the header says about a tensor.
   *
   * @throws QuartetException NOT_FOUND if the file has no such tensor
   */
  public TensorEntry entry(String name) {
    TensorEntry entry = header.entries().get(name);
    if (entry == null) {
      throw new QuartetException(ErrorCode.NOT_FOUND, "%s: no tensor '%s'".formatted(file, name));
    }
    return entry;
  }

  /**
   * All bytes of a tensor, read-only and little endian; valid after closing.
   *
   * @throws QuartetException OUT_OF_RANGE from 2 GiB on: read those in chunks
   */
  public ByteBuffer bytes(String name) {
    return bytes(name, 0, entry(name).bytes());
  }

  /**
   * Some bytes of a tensor, read-only and little endian; valid after closing.
   *
   * @param from the first, counted from the beginning of the tensor
   * @param length how many, less than 2 GiB
   * @throws QuartetException OUT_OF_RANGE if they are not all the tensor's, or too many
   */
  public ByteBuffer bytes(String name, long from, long length) {
    TensorEntry entry = entry(name);
    if (from < 0 || length < 0 || length > Integer.MAX_VALUE || from > entry.bytes() - length) {
      throw new QuartetException(
          ErrorCode.OUT_OF_RANGE,
          "%s: tensor '%s': bytes %d+%d, expected within %d and less than 2 GiB"
              .formatted(file, name, from, length, entry.bytes()));
    }
    long begin = entry.offset() + from;
    try {
      ByteBuffer bytes =
          whole == null ? map(begin, length) : whole.slice((int) begin, (int) length);
      return bytes.order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
  }

  private ByteBuffer map(long begin, long length) throws IOException {
    return channel.map(FileChannel.MapMode.READ_ONLY, begin, length);
  }

  /**
   * A tensor's elements in row-major order, converted from F64, F32, F16 or BF16.
   *
   * @throws QuartetException INVALID_ARGUMENT for other types, OUT_OF_RANGE for more elements than
   *     an array can hold
   */
  public float[] floats(String name) {
    TensorEntry entry = entry(name);
    if (entry.elements() > Integer.MAX_VALUE - 8) {
      throw new QuartetException(
          ErrorCode.OUT_OF_RANGE,
          "%s: tensor '%s': %d elements are too many for an array"
              .formatted(file, name, entry.elements()));
    }
    float[] floats = new float[(int) entry.elements()];
    floats(name, 0, floats);
    return floats;
  }

  /**
   * Fills an array with consecutive elements, converted as {@link #floats(String)} does.
   *
   * @param from the first, counted from the beginning of the tensor
   * @throws QuartetException INVALID_ARGUMENT for other types, OUT_OF_RANGE if they are not all the
   *     tensor's
   */
  public void floats(String name, long from, float[] into) {
    DataType type = entry(name).dataType();
    int chunk = 1 << 24;
    for (int done = 0; done < into.length; done += chunk) {
      int length = Math.min(chunk, into.length - done);
      ByteBuffer bytes = bytes(name, (from + done) * type.bytes(), (long) length * type.bytes());
      for (int i = 0; i < length; i++) {
        into[done + i] = type.toFloat(bytes, i);
      }
    }
  }

  /**
   * Checks that the file has these tensors and no others.
   *
   * @param shapes the expected shape of each tensor by name
   * @throws QuartetException INVALID_ARGUMENT naming the tensor, what was found and what was
   *     expected
   */
  public void requireShapes(Map<String, long[]> shapes) {
    shapes.forEach(
        (name, shape) -> {
          TensorEntry entry = header.entries().get(name);
          if (entry == null || !Arrays.equals(entry.shape(), shape)) {
            throw unexpected(name, entry, "shape " + Arrays.toString(shape));
          }
        });
    for (TensorEntry entry : header.entries().values()) {
      if (!shapes.containsKey(entry.name())) {
        throw unexpected(entry.name(), entry, "no such tensor");
      }
    }
  }

  private QuartetException unexpected(String name, @Nullable TensorEntry found, String expected) {
    String what = found == null ? "missing" : "shape " + Arrays.toString(found.shape());
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT,
        "%s: tensor '%s': %s, expected %s".formatted(file, name, what, expected));
  }

  /** The number of elements of a shape; 1 for a scalar's empty one. */
  static long elements(long[] shape) {
    long elements = 1;
    for (long size : shape) {
      elements = Math.multiplyExact(elements, size);
    }
    return elements;
  }

  /** Closes the file; buffers that were handed out stay valid. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
  }

  private static void close(@Nullable FileChannel channel, Exception why) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      why.addSuppressed(e);
    }
  }
}
