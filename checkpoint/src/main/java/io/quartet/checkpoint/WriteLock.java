package io.quartet.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The right to write one step of a run: one byte, at the step's number, of the run's {@code .lock}
 * file. The operating system frees it when the process dies, and only then.
 */
final class WriteLock {
  // One channel per file: POSIX drops all of a process's locks on a file when any channel closes.
  private static final Map<Path, SharedChannel> CHANNELS = new HashMap<>();

  private final Path file;
  private final SharedChannel channel;
  private final FileLock lock;

  private WriteLock(Path file, SharedChannel channel, FileLock lock) {
    this.file = file;
    this.channel = channel;
    this.lock = lock;
  }

  /** The lock, or empty if somebody, in this process or another, holds it. */
  static Optional<WriteLock> tryAcquire(Path runDirectory, long step) {
    Path file = runDirectory.resolve(".lock");
    synchronized (CHANNELS) {
      try {
        SharedChannel channel = CHANNELS.get(file);
        if (channel == null) {
          channel =
              new SharedChannel(
                  FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE));
          CHANNELS.put(file, channel);
        }
        FileLock lock = lock(channel, step);
        if (lock == null) {
          closeIfUnused(file, channel);
          return Optional.empty();
        }
        channel.holders++;
        return Optional.of(new WriteLock(file, channel, lock));
      } catch (IOException e) {
        throw QuartetException.writing(file, e);
      }
    }
  }

  void release() {
    synchronized (CHANNELS) {
      try {
        lock.release();
        channel.holders--;
        closeIfUnused(file, channel);
      } catch (IOException e) {
        throw QuartetException.writing(file, e);
      }
    }
  }

  private static @Nullable FileLock lock(SharedChannel channel, long step) throws IOException {
    try {
      return channel.channel.tryLock(step, 1, false);
    } catch (OverlappingFileLockException e) {
      return null; // held in this process
    }
  }

  private static void closeIfUnused(Path file, SharedChannel channel) throws IOException {
    if (channel.holders == 0) {
      CHANNELS.remove(file);
      channel.channel.close();
    }
  }

  private static final class SharedChannel {
    private final FileChannel channel;
    private int holders;

    SharedChannel(FileChannel channel) {
      this.channel = channel;
    }
  }
}
