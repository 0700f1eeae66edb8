package io.quartet.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint that is being written. Only {@link #publish} makes it visible, in one rename;
 * closing without publishing, or dying, leaves nothing that anybody lists. Used by one thread.
 */
public final class PendingCheckpoint implements AutoCloseable {
  private static final List<String> REQUIRED =
      List.of(ModelConfig.FILE, Checkpoint.WEIGHTS, TrainingRecord.FILE);

  private final CheckpointStore store;
  private final CheckpointId id;
  private final Path directory;
  private final Path lockFile;
  private final FileChannel lock;

  private PendingCheckpoint(
      CheckpointStore store, CheckpointId id, Path directory, Path lockFile, FileChannel lock) {
    this.store = store;
    this.id = id;
    this.directory = directory;
    this.lockFile = lockFile;
    this.lock = lock;
  }

  static PendingCheckpoint begin(CheckpointStore store, CheckpointId id) {
    Path directory = store.hidden("pending", id);
    Path lockFile = store.hidden("lock", id);
    Folders.create(store.runDirectory(id));
    var pending = new PendingCheckpoint(store, id, directory, lockFile, lock(id, lockFile));
    try {
      pending.requireUnpublished();
      Folders.deleteTree(directory);
      Folders.create(directory);
      return pending;
    } catch (QuartetException e) {
      pending.unlock(e);
      throw e;
    }
  }

  /** The id under which it will be published. */
  public CheckpointId id() {
    return id;
  }

  /** The folder to write the files into: plain files, no folders, nothing hidden. */
  public Path directory() {
    return directory;
  }

  /**
   * Checks the files, writes the manifest, makes everything durable and renames the folder to its
   * final name. If it fails nothing is published, and {@link #close} removes what was written.
   *
   * @throws QuartetException FAILED_PRECONDITION if a file is missing or has no place in a
   *     checkpoint, INVALID_ARGUMENT if a weight's name or shape is not what the configuration
   *     says, DATA_LOSS if the weights are truncated, ALREADY_EXISTS if the id was published
   *     meanwhile, RESOURCE_EXHAUSTED if the disk is full
   */
  public Checkpoint publish() {
    requireUnpublished();
    List<Path> paths = files();
    requireWeights();
    List<CheckpointFile> files = paths.stream().map(Digests::file).toList();
    new Manifest(id, files).write(directory);
    paths.forEach(Folders::sync);
    Folders.sync(directory.resolve(Manifest.FILE));
    Folders.sync(directory);
    Folders.move(directory, store.directory(id));
    Folders.sync(store.runDirectory(id));
    return store.get(id);
  }

  /** Removes what was not published. */
  @Override
  public void close() {
    try {
      Folders.deleteTree(directory);
    } catch (QuartetException e) {
      unlock(e);
      throw e;
    }
    unlock(null);
  }

  private void requireUnpublished() {
    if (Files.exists(store.directory(id))) {
      throw new QuartetException(
          ErrorCode.ALREADY_EXISTS, "checkpoint %s is published already".formatted(id));
    }
  }

  private List<Path> files() {
    List<Path> paths;
    try (Stream<Path> children = Files.list(directory)) {
      paths = children.filter(path -> !path.endsWith(Manifest.FILE)).sorted().toList();
    } catch (IOException e) {
      throw QuartetException.reading(directory, e);
    }
    for (Path path : paths) {
      CheckpointFile.requireName(path.getFileName().toString());
      if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        throw refused("'%s' is not a plain file".formatted(path.getFileName()));
      }
    }
    for (String name : REQUIRED) {
      if (!paths.contains(directory.resolve(name))) {
        throw refused("no file '%s'".formatted(name));
      }
    }
    return paths;
  }

  private void requireWeights() {
    ModelConfig config = ModelConfig.read(directory.resolve(ModelConfig.FILE));
    try (Safetensors weights = Safetensors.open(directory.resolve(Checkpoint.WEIGHTS))) {
      weights.requireShapes(config.tensorShapes());
    }
  }

  private QuartetException refused(String message) {
    return new QuartetException(
        ErrorCode.FAILED_PRECONDITION, "checkpoint %s: %s".formatted(id, message));
  }

  /** Held by the operating system for this process: a crash frees it, and only then. */
  private static FileChannel lock(CheckpointId id, Path lockFile) {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(lockFile, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel;
      }
      channel.close();
    } catch (OverlappingFileLockException e) {
      close(channel, e);
    } catch (IOException e) {
      close(channel, e);
      throw QuartetException.writing(lockFile, e);
    }
    throw new QuartetException(
        ErrorCode.FAILED_PRECONDITION, "checkpoint %s is being written already".formatted(id));
  }

  private void unlock(@Nullable QuartetException why) {
    try (lock) {
      Files.deleteIfExists(lockFile);
    } catch (IOException e) {
      QuartetException failure = QuartetException.writing(lockFile, e);
      if (why == null) {
        throw failure;
      }
      why.addSuppressed(failure);
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
