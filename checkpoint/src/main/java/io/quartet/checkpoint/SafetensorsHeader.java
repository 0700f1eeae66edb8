package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file: 8 bytes little-endian length, then that much JSON. Offsets in
 * the JSON count from the header's end; here they count from the beginning of the file.
 */
record SafetensorsHeader(Map<String, TensorEntry> entries, Map<String, String> metadata) {
  static final String METADATA = "__metadata__";

  /** The reference implementation's limit. */
  private static final long MAX_LENGTH = 100_000_000;

  static SafetensorsHeader read(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < 8) {
      throw lost(file, "found %d bytes, expected at least 8: truncated".formatted(size));
    }
    ByteBuffer prefix = read(channel, 0, 8);
    long length = prefix.order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    if (length < 2 || length > MAX_LENGTH) {
      throw lost(
          file,
          "found a header of %s bytes, expected 2 to %d: not a safetensors file"
              .formatted(Long.toUnsignedString(length), MAX_LENGTH));
    }
    if (8 + length > size) {
      throw lost(
          file, "found %d bytes, expected at least %d: truncated".formatted(size, 8 + length));
    }
    String text = StandardCharsets.UTF_8.decode(read(channel, 8, (int) length)).toString();
    ObjectNode json = Json.parse(text, file.toString(), ErrorCode.DATA_LOSS);
    SafetensorsHeader header = parse(file, json, 8 + length);
    header.requireWhole(file, size, 8 + length);
    return header;
  }

  private static SafetensorsHeader parse(Path file, ObjectNode json, long dataOffset) {
    var entries = new LinkedHashMap<String, TensorEntry>();
    var metadata = new LinkedHashMap<String, String>();
    for (Map.Entry<String, JsonNode> field : json.properties()) {
      if (field.getKey().equals(METADATA)) {
        field.getValue().properties().forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
      } else {
        entries.put(field.getKey(), entry(file, field.getKey(), field.getValue(), dataOffset));
      }
    }
    return new SafetensorsHeader(
        Collections.unmodifiableMap(entries), Collections.unmodifiableMap(metadata));
  }

  private static TensorEntry entry(Path file, String name, JsonNode json, long dataOffset) {
    DataType dataType = dataType(file, name, json.path("dtype"));
    long[] shape = longs(file, name, json.path("shape"));
    long[] offsets = longs(file, name, json.path("data_offsets"));
    long bytes = offsets.length == 2 ? offsets[1] - offsets[0] : -1;
    if (bytes < 0 || offsets[1] > Long.MAX_VALUE - dataOffset) {
      throw lost(
          file,
          "tensor '%s': found data_offsets %s, expected [begin, end]"
              .formatted(name, json.path("data_offsets")));
    }
    long expected;
    try {
      expected = Math.multiplyExact(Safetensors.elements(shape), (long) dataType.bytes());
    } catch (ArithmeticException e) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS,
          "%s: tensor '%s': shape %s is larger than any file"
              .formatted(file, name, json.path("shape")),
          e);
    }
    if (bytes != expected) {
      throw lost(
          file,
          "tensor '%s': found %d bytes, expected %d for %s %s"
              .formatted(name, bytes, expected, dataType, json.path("shape")));
    }
    return new TensorEntry(name, dataType, shape, dataOffset + offsets[0], bytes);
  }

  private static DataType dataType(Path file, String name, JsonNode json) {
    for (DataType dataType : DataType.values()) {
      if (dataType.name().equals(json.asText())) {
        return dataType;
      }
    }
    throw lost(
        file,
        "tensor '%s': found dtype %s, expected one of %s"
            .formatted(name, json, List.of(DataType.values())));
  }

  private static long[] longs(Path file, String name, JsonNode json) {
    long[] values = new long[json.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = json.get(i);
      values[i] = value.isIntegralNumber() && value.canConvertToLong() ? value.longValue() : -1;
      if (values[i] < 0) {
        throw lost(file, "tensor '%s': found %s, expected sizes".formatted(name, json));
      }
    }
    if (!json.isArray()) {
      throw lost(file, "tensor '%s': found %s, expected a list".formatted(name, json));
    }
    return values;
  }

  /** The format allows no gap, no overlap and nothing after the last tensor. */
  private void requireWhole(Path file, long size, long dataOffset) {
    long end = dataOffset;
    for (TensorEntry entry :
        entries.values().stream()
            .sorted(Comparator.comparingLong(TensorEntry::offset).thenComparing(TensorEntry::bytes))
            .toList()) {
      if (entry.offset() != end) {
        throw lost(
            file,
            "tensor '%s': found at byte %d, expected %d: a gap or an overlap"
                .formatted(entry.name(), entry.offset(), end));
      }
      end += entry.bytes();
    }
    if (size != end) {
      throw lost(
          file,
          "found %d bytes, expected %d: %s"
              .formatted(size, end, size < end ? "truncated" : "bytes after the last tensor"));
    }
  }

  private static ByteBuffer read(FileChannel channel, long position, int length)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining() && channel.read(buffer, position + buffer.position()) >= 0) {
      // a read may return less than it was asked for
    }
    return buffer.flip();
  }

  private static QuartetException lost(Path file, String message) {
    return new QuartetException(ErrorCode.DATA_LOSS, file + ": " + message);
  }
}
