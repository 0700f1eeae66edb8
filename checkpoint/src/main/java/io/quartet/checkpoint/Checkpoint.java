package io.quartet.checkpoint;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A published checkpoint: a Hugging Face folder that never changes, of a whole model or of PEFT.
 *
 * @param id its name
 * @param directory its folder
 * @param config its {@code config.json}
 * @param training its {@code training.json}
 * @param files every file but the manifest, by name
 */
public record Checkpoint(
    CheckpointId id,
    Path directory,
    ModelConfig config,
    TrainingRecord training,
    List<CheckpointFile> files) {
  /** The weights' file name. */
  public static final String WEIGHTS = "model.safetensors";

  /** Keeps a copy of the list. */
  public Checkpoint {
    files = List.copyOf(files);
  }

  /**
   * One digest for all files: SHA-256 (hexadecimal) of the sorted lines {@code sha256␠␠name\n},
   * which is what {@code sha256sum * | sort | sha256sum} prints for them.
   */
  public String digest() {
    return digest(files);
  }

  /** {@link #digest()} of a list of files that is not a checkpoint yet. */
  public static String digest(List<CheckpointFile> files) {
    String lines =
        files.stream()
            .map(file -> file.sha256() + "  " + file.name() + "\n")
            .sorted()
            .collect(Collectors.joining());
    return Digests.sha256(lines.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The whole weights: {@code model.safetensors}, which an adapter's folder gets when they are
   * first asked for.
   *
   * @throws QuartetException as {@link MergedWeights#of}
   */
  public Path weights() {
    return adapter().isPresent() ? MergedWeights.of(directory) : file(WEIGHTS);
  }

  /** What this checkpoint adapts, if it holds an adapter instead of whole weights. */
  public Optional<Adapter> adapter() {
    return files.stream().anyMatch(file -> file.name().equals(Adapter.CONFIG))
        ? Optional.of(Adapter.read(directory))
        : Optional.empty();
  }

  /** Its tokenizer, loaded anew; the caller closes it. Throws as {@link Tokenizer#load}. */
  public Tokenizer tokenizer() {
    return Tokenizer.load(directory);
  }

  /**
   * The path of one of its files.
   *
   * @throws QuartetException NOT_FOUND if the manifest does not list it
   */
  public Path file(String name) {
    if (files.stream().noneMatch(file -> file.name().equals(name))) {
      throw new QuartetException(
          ErrorCode.NOT_FOUND, "checkpoint %s: no file '%s'".formatted(id, name));
    }
    return directory.resolve(name);
  }
}
