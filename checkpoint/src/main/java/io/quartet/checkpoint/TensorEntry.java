package io.quartet.checkpoint;

import java.util.Arrays;

/**
 * One tensor of a safetensors file.
 *
 * @param name the tensor's name
 * @param dataType the type of its elements
 * @param shape sizes, outermost first; empty for a scalar
 * @param offset where its bytes begin, counted from the beginning of the file
 * @param bytes how many there are
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and out; equality is by content
public record TensorEntry(String name, DataType dataType, long[] shape, long offset, long bytes) {
  /** Copies the shape. */
  public TensorEntry {
    shape = shape.clone();
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  /** How many elements it has. */
  public long elements() {
    return bytes / dataType.bytes();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TensorEntry entry
        && name.equals(entry.name)
        && dataType == entry.dataType
        && Arrays.equals(shape, entry.shape)
        && offset == entry.offset
        && bytes == entry.bytes;
  }

  @Override
  public int hashCode() {
    return name.hashCode() ^ Long.hashCode(offset);
  }

  @Override
  public String toString() {
    return "%s %s %s at %d, %d bytes"
        .formatted(name, dataType, Arrays.toString(shape), offset, bytes);
  }
}
