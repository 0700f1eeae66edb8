package io.quartet.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Checkpoints under one folder, {@code root/stage/run/step/}. A checkpoint is either there whole or
 * not at all; names that begin with a dot are being written or deleted, and are never listed.
 */
public final class CheckpointStore {
  private static final Pattern STEP = Pattern.compile("0|[1-9][0-9]{0,17}");
  private static final String SCRATCH = "scratch";

  private final Path root;

  /** A store in a folder, which need not exist yet. */
  public CheckpointStore(Path root) {
    this.root = root.toAbsolutePath().normalize();
  }

  /**
   * Begins a checkpoint in a folder of its own beside its final place. What an earlier process left
   * half written under this id is removed.
   *
   * @throws QuartetException ALREADY_EXISTS if the id is published, FAILED_PRECONDITION if it is
   *     being written elsewhere or the store may not be written
   */
  public PendingCheckpoint begin(CheckpointId id) {
    return PendingCheckpoint.begin(this, id);
  }

  /**
   * The checkpoint of an id, if published here.
   *
   * @throws QuartetException DATA_LOSS if it is there but a file is missing or of another size
   */
  public Optional<Checkpoint> find(CheckpointId id) {
    Path directory = directory(id);
    if (!Files.exists(directory.resolve(Manifest.FILE))) {
      return Optional.empty();
    }
    Manifest manifest = Manifest.read(directory, id);
    manifest.requireSizes(directory);
    return Optional.of(
        new Checkpoint(
            id,
            directory,
            ModelConfig.read(directory.resolve(ModelConfig.FILE)),
            TrainingRecord.read(directory.resolve(TrainingRecord.FILE)),
            manifest.files()));
  }

  /**
   * The checkpoint of an id.
   *
   * @throws QuartetException NOT_FOUND if it is not published here, DATA_LOSS as {@link #find}
   */
  public Checkpoint get(CheckpointId id) {
    return find(id).orElseThrow(() -> missing(id));
  }

  /** All checkpoints: by stage, then by run's name, then by step. DATA_LOSS as {@link #find}. */
  public List<Checkpoint> list() {
    return Stream.of(Stage.values())
        .flatMap(
            stage ->
                names(root.resolve(stage.label())).stream()
                    .filter(CheckpointId::isRun)
                    .flatMap(run -> list(stage, run).stream()))
        .toList();
  }

  /** The checkpoints of a run's stage by step; empty if there are none. DATA_LOSS as find. */
  public List<Checkpoint> list(Stage stage, String run) {
    return ids(stage, run).stream().flatMap(id -> find(id).stream()).toList();
  }

  /** The checkpoint of a run's stage with the highest step. DATA_LOSS as find. */
  public Optional<Checkpoint> latest(Stage stage, String run) {
    List<CheckpointId> ids = ids(stage, run);
    for (int i = ids.size() - 1; i >= 0; i--) {
      Optional<Checkpoint> checkpoint = find(ids.get(i));
      if (checkpoint.isPresent()) {
        return checkpoint;
      }
    }
    return Optional.empty();
  }

  /**
   * Deletes a checkpoint; at no time is it there in part.
   *
   * @throws QuartetException NOT_FOUND if it is not published here
   */
  public void delete(CheckpointId id) {
    Path directory = directory(id);
    if (!Files.exists(directory.resolve(Manifest.FILE))) {
      throw missing(id);
    }
    Path doomed = hidden("deleted", id);
    Folders.deleteTree(doomed);
    Folders.move(directory, doomed);
    Folders.deleteTree(doomed);
  }

  /**
   * Reads every file again and compares its digest with the manifest's.
   *
   * @throws QuartetException DATA_LOSS naming the file, what was found and what was expected
   */
  public void verify(Checkpoint checkpoint) {
    new Manifest(checkpoint.id(), checkpoint.files()).requireDigests(checkpoint.directory());
  }

  /** A folder for a run's resumable state; made if need be, kept by nobody but its owner. */
  public Path scratch(Stage stage, String run) {
    Path scratch =
        root.resolve(SCRATCH).resolve(stage.label()).resolve(CheckpointId.requireRun(run));
    Folders.create(scratch);
    return scratch;
  }

  /** Where a checkpoint is or will be. */
  Path directory(CheckpointId id) {
    return runDirectory(id).resolve(Long.toString(id.step()));
  }

  /** A sibling of a checkpoint that no listing shows. */
  Path hidden(String purpose, CheckpointId id) {
    return runDirectory(id).resolve("." + purpose + "-" + id.step());
  }

  /** The folder of all checkpoints of the same stage and run. */
  Path runDirectory(CheckpointId id) {
    return runDirectory(id.stage(), id.run());
  }

  private Path runDirectory(Stage stage, String run) {
    return root.resolve(stage.label()).resolve(CheckpointId.requireRun(run));
  }

  private List<CheckpointId> ids(Stage stage, String run) {
    return names(runDirectory(stage, run)).stream()
        .filter(name -> STEP.matcher(name).matches())
        .map(step -> new CheckpointId(stage, run, Long.parseLong(step)))
        .sorted(Comparator.comparingLong(CheckpointId::step))
        .toList();
  }

  private static List<String> names(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> children = Files.list(directory)) {
      return children.map(child -> child.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw QuartetException.reading(directory, e);
    }
  }

  private static QuartetException missing(CheckpointId id) {
    return new QuartetException(ErrorCode.NOT_FOUND, "no checkpoint '%s'".formatted(id));
  }
}
