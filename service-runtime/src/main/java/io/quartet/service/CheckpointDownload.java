package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.DATA_LOSS;
import static io.quartet.checkpoint.ErrorCode.INTERNAL;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.quartet.checkpoint.CheckpointFile;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.CheckpointServiceGrpc;
import io.quartet.v1.DownloadChunk;
import io.quartet.v1.DownloadRequest;
import io.quartet.v1.GetCheckpointRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;

/** One checkpoint's files from one service. */
final class CheckpointDownload implements AutoCloseable {
  private static final long SECONDS = 30;
  private static final long SLOWEST_BYTES_PER_SECOND = 1 << 20;

  private final CheckpointId id;
  private final ManagedChannel channel;

  CheckpointDownload(CheckpointId id, String endpoint) {
    this.id = id;
    this.channel = GrpcChannels.open(endpoint);
  }

  /**
   * What the service says about the checkpoint.
   *
   * @throws QuartetException NOT_FOUND if it does not have it; the status of a failed call
   *     otherwise
   */
  CheckpointPublished describe() {
    try {
      return CheckpointServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(SECONDS, TimeUnit.SECONDS)
          .get(GetCheckpointRequest.newBuilder().setCheckpointId(id.toString()).build());
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.received(e, "checkpoint '%s' from %s".formatted(id, channel.authority()));
    }
  }

  /**
   * Downloads what is missing of a file, then checks its bytes.
   *
   * @throws QuartetException DATA_LOSS if they are wrong (the file is removed then: the next
   *     attempt begins anew); the status of a failed call otherwise
   */
  void resume(CheckpointFile file, Path to) throws IOException {
    if (Files.exists(to) && Files.size(to) > file.size()) {
      Files.delete(to);
    }
    long offset = Files.exists(to) ? Files.size(to) : 0;
    if (offset < file.size() || file.size() == 0) {
      receive(file, offset, to);
    }
    verify(file, to);
  }

  private void receive(CheckpointFile file, long offset, Path to) throws IOException {
    long deadline = SECONDS + file.size() / SLOWEST_BYTES_PER_SECOND;
    var request =
        DownloadRequest.newBuilder()
            .setCheckpointId(id.toString())
            .setFile(file.name())
            .setOffset(offset)
            .build();
    try (var out = FileChannel.open(to, CREATE, APPEND)) {
      Iterator<DownloadChunk> chunks =
          CheckpointServiceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(deadline, TimeUnit.SECONDS)
              .download(request);
      while (chunks.hasNext()) {
        DownloadChunk chunk = chunks.next();
        if (chunk.getOffset() != out.position()) {
          throw new QuartetException(
              INTERNAL,
              "checkpoint '%s', file '%s': chunk at offset %d, expected %d"
                  .formatted(id, file.name(), chunk.getOffset(), out.position()));
        }
        for (var buffer : chunk.getData().asReadOnlyByteBufferList()) {
          while (buffer.hasRemaining()) {
            out.write(buffer);
          }
        }
      }
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.received(e, "checkpoint '%s' from %s".formatted(id, channel.authority()));
    }
  }

  private void verify(CheckpointFile file, Path to) throws IOException {
    long size = Files.size(to);
    if (size != file.size()) {
      Files.delete(to);
      throw new QuartetException(
          DATA_LOSS,
          "checkpoint '%s', file '%s': %d bytes, expected %d"
              .formatted(id, file.name(), size, file.size()));
    }
    String found = sha256(to);
    if (!found.equals(file.sha256())) {
      Files.delete(to);
      throw new QuartetException(
          DATA_LOSS,
          "checkpoint '%s', file '%s': SHA-256 %s, expected %s"
              .formatted(id, file.name(), found, file.sha256()));
    }
  }

  private static String sha256(Path file) throws IOException {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      try (var in = new DigestInputStream(Files.newInputStream(file), digest)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
