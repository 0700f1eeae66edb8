package io.quartet.cli;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where the command finds and leaves things.
 *
 * @param installation folder of the built modules
 * @param home the data directory: checkpoints, the broker's log, process ids, logs
 * @param runs one folder a run: recipe, events, report
 */
public record Workspace(Path installation, Path home, Path runs) {
  /** The base service's data folder. */
  public static final String BASE = "base-service";

  /** The SFT service's. */
  public static final String SFT = "sft-service";

  /** The reward service's. */
  public static final String REWARD = "reward-service";

  /** The RL service's, as the learner. */
  public static final String LEARNER = "rl-learner";

  /** The checkpoint store in a service's data folder. */
  static final String CHECKPOINTS = "checkpoints";

  /** Makes the paths absolute. */
  public Workspace {
    installation = installation.toAbsolutePath().normalize();
    home = home.toAbsolutePath().normalize();
    runs = runs.toAbsolutePath().normalize();
  }

  /** The folder of process ids. */
  public Path processes() {
    return home.resolve("processes");
  }

  /** The folder of the processes' logs. */
  public Path logs() {
    return home.resolve("logs");
  }

  /** The data folder of a service or of the broker. */
  public Path data(String process) {
    return home.resolve(process);
  }

  /** The services' checkpoint stores in the data directory, by service. */
  public List<Path> stores() {
    if (!Files.isDirectory(home)) {
      return List.of();
    }
    try (Stream<Path> services = Files.list(home)) {
      return services.map(s -> s.resolve(CHECKPOINTS)).filter(Files::isDirectory).sorted().toList();
    } catch (IOException e) {
      throw QuartetException.reading(home, e);
    }
  }

  /** The store of the service that makes a stage's checkpoints; the others' are copies. */
  Path store(Stage stage) {
    String service =
        switch (stage) {
          case BASE -> BASE;
          case SFT -> SFT;
          case REWARD -> REWARD;
          case RL -> LEARNER;
        };
    return data(service).resolve(CHECKPOINTS);
  }

  /**
   * The store that has a checkpoint, its stage's own if that has it.
   *
   * @throws QuartetException NOT_FOUND if none has
   */
  CheckpointStore storeOf(CheckpointId id) {
    return Stream.concat(Stream.of(store(id.stage())), stores().stream())
        .filter(Files::isDirectory)
        .map(CheckpointStore::new)
        .filter(store -> store.find(id).isPresent())
        .findFirst()
        .orElseThrow(
            () ->
                new QuartetException(
                    ErrorCode.NOT_FOUND,
                    "no checkpoint '%s' in %s; ./quartet checkpoints lists what is there"
                        .formatted(id, home)));
  }

  /** The folder of a run. */
  public Path run(String name) {
    return runs.resolve(name);
  }

  /**
   * Creates a folder and those above it.
   *
   * @throws QuartetException FAILED_PRECONDITION or RESOURCE_EXHAUSTED if it cannot be
   */
  public static Path create(Path folder) {
    try {
      return Files.createDirectories(folder);
    } catch (IOException e) {
      throw QuartetException.writing(folder, e);
    }
  }

  /**
   * Writes a text file.
   *
   * @throws QuartetException FAILED_PRECONDITION or RESOURCE_EXHAUSTED if it cannot be
   */
  public static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  /**
   * Reads a text file.
   *
   * @throws QuartetException NOT_FOUND if it is missing
   */
  public static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
  }
}
