package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.INTERNAL;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.stub.ServerCallStreamObserver;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.DownloadChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Sends a file in chunks, reading only while the client keeps up. */
final class FileStream {
  static final int CHUNK_BYTES = 1 << 20;

  private final Path file;
  private final FileChannel channel;
  private final ServerCallStreamObserver<DownloadChunk> responses;
  private long offset;
  private boolean done;

  private FileStream(
      Path file,
      FileChannel channel,
      long offset,
      ServerCallStreamObserver<DownloadChunk> responses) {
    this.file = file;
    this.channel = channel;
    this.offset = offset;
    this.responses = responses;
  }

  /** Must be called within the service method: the observer takes handlers only there. */
  static void send(Path file, long offset, ServerCallStreamObserver<DownloadChunk> responses) {
    try {
      var channel = FileChannel.open(file, StandardOpenOption.READ);
      var stream = new FileStream(file, channel, offset, responses);
      responses.setOnCancelHandler(stream::end);
      responses.setOnReadyHandler(stream::sendWhileReady);
      stream.sendWhileReady();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private synchronized void sendWhileReady() {
    try {
      while (!done && responses.isReady()) {
        var buffer = ByteBuffer.allocate(CHUNK_BYTES); // a new one each time: gRPC keeps it
        int read = channel.read(buffer, offset);
        if (read < 0) {
          end();
          responses.onCompleted();
          return;
        }
        responses.onNext(
            DownloadChunk.newBuilder()
                .setOffset(offset)
                .setData(UnsafeByteOperations.unsafeWrap(buffer.flip()))
                .build());
        offset += read;
      }
    } catch (IOException e) {
      end();
      responses.onError(unreadable(file, e));
    }
  }

  private synchronized void end() {
    if (!done) {
      done = true;
      try {
        channel.close();
      } catch (IOException e) {
        throw unreadable(file, e);
      }
    }
  }

  private static QuartetException unreadable(Path file, IOException e) {
    return new QuartetException(
        INTERNAL, "%s: %s".formatted(file.getFileName(), Failures.firstLine(e)), e);
  }
}
