package io.quartet.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256, in hexadecimal. */
final class Digests {
  private static final int CHUNK_BYTES = 1 << 20;

  private Digests() {}

  static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(newSha256().digest(bytes));
  }

  /** Size and digest of a file, read once from beginning to end. */
  static CheckpointFile file(Path file) {
    MessageDigest digest = newSha256();
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK_BYTES);
    long size = 0;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (channel.read(buffer.clear()) >= 0) {
        size += buffer.flip().remaining();
        digest.update(buffer);
      }
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
    return new CheckpointFile(
        file.getFileName().toString(), size, HexFormat.of().formatHex(digest.digest()));
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
