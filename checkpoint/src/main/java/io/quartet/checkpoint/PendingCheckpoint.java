package io.quartet.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A checkpoint that is being written. Only {@link #publish} makes it visible, in one rename;
 * closing without publishing, or dying, leaves nothing that anybody lists. Used by one thread.
 */
public final class PendingCheckpoint implements AutoCloseable {
  private static final List<String> MODEL =
      List.of(ModelConfig.FILE, Checkpoint.WEIGHTS, TrainingRecord.FILE);
  private static final List<String> ADAPTER =
      List.of(ModelConfig.FILE, Adapter.CONFIG, Adapter.WEIGHTS, TrainingRecord.FILE);

  private final CheckpointStore store;
  private final CheckpointId id;
  private final Path directory;
  private final WriteLock lock;
  private boolean closed;

  private PendingCheckpoint(
      CheckpointStore store, CheckpointId id, Path directory, WriteLock lock) {
    this.store = store;
    this.id = id;
    this.directory = directory;
    this.lock = lock;
  }

  static PendingCheckpoint begin(CheckpointStore store, CheckpointId id) {
    Folders.create(store.runDirectory(id));
    WriteLock lock =
        WriteLock.tryAcquire(store.runDirectory(id), id.step())
            .orElseThrow(
                () ->
                    new QuartetException(
                        ErrorCode.FAILED_PRECONDITION,
                        "checkpoint %s is being written already".formatted(id)));
    var pending = new PendingCheckpoint(store, id, store.hidden("pending", id), lock);
    try {
      pending.requireUnpublished();
      Folders.deleteTree(pending.directory);
      Folders.create(pending.directory);
      return pending;
    } catch (QuartetException e) {
      lock.release();
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
   * final name. If it fails nothing is published, and {@link #close} removes what was written. An
   * adapter's merged weights may be there, but are not listed: they can be made again.
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

  /** Removes what was not published; closing again does nothing. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      Folders.deleteTree(directory);
    } finally {
      lock.release();
    }
  }

  private void requireUnpublished() {
    if (Files.exists(store.directory(id))) {
      throw new QuartetException(
          ErrorCode.ALREADY_EXISTS, "checkpoint %s is published already".formatted(id));
    }
  }

  private List<Path> files() {
    boolean adapter = Adapter.isIn(directory);
    List<Path> paths;
    try (Stream<Path> children = Files.list(directory)) {
      paths =
          children
              .filter(path -> !path.endsWith(Manifest.FILE))
              .filter(path -> !(adapter && path.endsWith(Checkpoint.WEIGHTS)))
              .sorted()
              .toList();
    } catch (IOException e) {
      throw QuartetException.reading(directory, e);
    }
    for (Path path : paths) {
      if (!CheckpointFile.isName(path.getFileName().toString())
          || !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        throw refused("'%s' is not a plain, visible file".formatted(path.getFileName()));
      }
    }
    for (String name : adapter ? ADAPTER : MODEL) {
      if (!paths.contains(directory.resolve(name))) {
        throw refused("no file '%s'".formatted(name));
      }
    }
    return paths;
  }

  private void requireWeights() {
    ModelConfig config = ModelConfig.read(directory.resolve(ModelConfig.FILE));
    boolean adapter = Adapter.isIn(directory);
    String file = adapter ? Adapter.WEIGHTS : Checkpoint.WEIGHTS;
    try (Safetensors weights = Safetensors.open(directory.resolve(file))) {
      weights.requireShapes(
          adapter ? Adapter.read(directory).tensorShapes(config) : config.tensorShapes());
    }
  }

  private QuartetException refused(String message) {
    return new QuartetException(
        ErrorCode.FAILED_PRECONDITION, "checkpoint %s: %s".formatted(id, message));
  }
}
