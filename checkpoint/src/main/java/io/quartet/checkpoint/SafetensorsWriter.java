package io.quartet.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** Writes a safetensors file in one pass: header first, then every tensor as it is produced. */
final class SafetensorsWriter {
  /** Where the data begins is a multiple of this, so that a mapped file of one type is aligned. */
  private static final int ALIGNMENT = 8;

  private SafetensorsWriter() {}

  static void write(Path file, Map<String, String> metadata, Iterable<TensorSource> tensors) {
    List<TensorSource> sources = StreamSupport.stream(tensors.spliterator(), false).toList();
    ByteBuffer header = header(file, metadata, sources);
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      while (header.hasRemaining()) {
        channel.write(header);
      }
      for (TensorSource source : sources) {
        write(file, channel, source);
      }
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  private static void write(Path file, FileChannel channel, TensorSource source)
      throws IOException {
    var counted = new CountingChannel(channel);
    source.content().writeTo(counted);
    if (counted.bytes != source.bytes()) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "%s: tensor '%s': found %d bytes, expected %d for %s %s"
              .formatted(
                  file,
                  source.name(),
                  counted.bytes,
                  source.bytes(),
                  source.dataType(),
                  Arrays.toString(source.shape())));
    }
  }

  private static ByteBuffer header(
      Path file, Map<String, String> metadata, List<TensorSource> sources) {
    ObjectNode json = Json.object();
    if (!metadata.isEmpty()) {
      json.set(SafetensorsHeader.METADATA, Json.MAPPER.valueToTree(metadata));
    }
    long offset = 0;
    for (TensorSource source : sources) {
      if (json.has(source.name())) {
        throw new QuartetException(
            ErrorCode.INVALID_ARGUMENT,
            "%s: tensor '%s' comes twice".formatted(file, source.name()));
      }
      ObjectNode entry = json.putObject(source.name());
      entry.put("dtype", source.dataType().name());
      entry.set("shape", Json.MAPPER.valueToTree(source.shape()));
      entry.putArray("data_offsets").add(offset).add(offset + source.bytes());
      offset += source.bytes();
    }
    byte[] text = bytes(json);
    int padded = (text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer buffer = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(padded).put(text);
    while (buffer.hasRemaining()) {
      buffer.put((byte) ' ');
    }
    return buffer.flip();
  }

  private static byte[] bytes(ObjectNode json) {
    try {
      return Json.MAPPER.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new QuartetException(ErrorCode.INTERNAL, "cannot write a safetensors header", e);
    }
  }

  private static final class CountingChannel implements WritableByteChannel {
    private final FileChannel channel;
    private long bytes;

    CountingChannel(FileChannel channel) {
      this.channel = channel;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
      int written = channel.write(source);
      bytes += written;
      return written;
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    @Override
    public void close() {} // the file stays open for the next tensor
  }
}
