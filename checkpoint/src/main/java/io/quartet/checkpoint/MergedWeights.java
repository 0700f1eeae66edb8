package io.quartet.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * The whole weights of a model's folder. An adapter's are made of its base's and its own, W +
 * (alpha / rank)·B·A, when somebody first needs them, and stay beside it as {@code
 * model.safetensors}; they are no part of the checkpoint: not in its manifest, its digest or a
 * transfer.
 */
public final class MergedWeights {
  private static final int CHUNK = 1 << 26;

  /** What a merged checkpoint does not take over. */
  private static final Set<String> OWN =
      Set.of(Adapter.CONFIG, Adapter.WEIGHTS, TrainingRecord.FILE);

  private MergedWeights() {}

  /**
   * The weights in a folder of a store, which are merged first if it holds an adapter alone.
   *
   * @return {@code model.safetensors} in it
   * @throws QuartetException NOT_FOUND if the adapter's base is not in the same store,
   *     FAILED_PRECONDITION if it is there with another digest, INVALID_ARGUMENT if the two do not
   *     fit, DATA_LOSS if either is damaged
   */
  public static Path of(Path directory) {
    Path merged = directory.resolve(Checkpoint.WEIGHTS);
    if (!Adapter.isIn(directory) || Files.exists(merged)) {
      return merged;
    }
    synchronized (MergedWeights.class) {
      if (!Files.exists(merged)) {
        // Beside the folder: one that is being written may hold nothing that is not published.
        Path temporary = directory.resolveSibling(".merging-" + UUID.randomUUID());
        try {
          write(directory, temporary);
          Folders.sync(temporary);
          Folders.move(temporary, merged);
        } finally {
          Folders.deleteTree(temporary);
        }
      }
    }
    return merged;
  }

  /**
   * Writes an adapter's folder's merged weights into a file: the tensors that were adapted as F32,
   * the others as the base has them.
   *
   * @throws QuartetException as {@link #of}
   */
  public static void write(Path directory, Path file) {
    Adapter adapter = Adapter.read(directory);
    ModelConfig config = ModelConfig.read(directory.resolve(ModelConfig.FILE));
    try (Safetensors base = Safetensors.open(of(base(directory, adapter)));
        Safetensors own = Safetensors.open(directory.resolve(Adapter.WEIGHTS))) {
      own.requireShapes(adapter.tensorShapes(config));
      List<TensorSource> sources = new ArrayList<>();
      config
          .tensorShapes()
          .forEach((name, shape) -> sources.add(source(base, own, adapter, name, shape)));
      Safetensors.write(file, Map.of("format", "pt"), sources);
    }
  }

  /**
   * Publishes a checkpoint of the merged weights beside an adapter, its child in the record.
   *
   * @param store the adapter's
   * @throws QuartetException INVALID_ARGUMENT if the checkpoint is no adapter; ALREADY_EXISTS if
   *     the id is taken; else as {@link #of}
   */
  public static Checkpoint publish(CheckpointStore store, Checkpoint adapter, CheckpointId id) {
    if (adapter.adapter().isEmpty()) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "checkpoint '%s' has whole weights, expected an adapter".formatted(adapter.id()));
    }
    try (PendingCheckpoint pending = store.begin(id)) {
      for (CheckpointFile file : adapter.files()) {
        if (!OWN.contains(file.name())) {
          Files.copy(adapter.file(file.name()), pending.directory().resolve(file.name()));
        }
      }
      write(adapter.directory(), pending.directory().resolve(Checkpoint.WEIGHTS));
      TrainingRecord record = adapter.training();
      new TrainingRecord(record.recipeYaml(), Optional.of(adapter.id()), record.metrics())
          .write(pending.directory());
      return pending.publish();
    } catch (IOException e) {
      throw QuartetException.writing(adapter.directory(), e);
    }
  }

  /** The folder of an adapter's base, in the store that the adapter's folder is in. */
  private static Path base(Path directory, Adapter adapter) {
    Path root = directory.resolve("../../..").normalize();
    Path base = new CheckpointStore(root).directory(adapter.base());
    if (!Files.exists(base.resolve(Manifest.FILE))) {
      throw new QuartetException(
          ErrorCode.NOT_FOUND,
          "%s: the adapter's base '%s' is not in this store".formatted(directory, adapter.base()));
    }
    String digest = Checkpoint.digest(Manifest.read(base, adapter.base()).files());
    if (!digest.equals(adapter.baseDigest())) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "%s: the adapter's base '%s' has digest %s, expected %s"
              .formatted(directory, adapter.base(), digest, adapter.baseDigest()));
    }
    return base;
  }

  private static TensorSource source(
      Safetensors base, Safetensors own, Adapter adapter, String name, long[] shape) {
    String module = Adapter.module(name);
    if (own.names().contains(Adapter.PREFIX + name)) {
      return copy(own, Adapter.PREFIX + name, name);
    }
    if (shape.length != 2 || !adapter.lora().adapts(module)) {
      return copy(base, name, name);
    }
    return new TensorSource(
        name,
        DataType.F32,
        shape,
        channel ->
            TensorSource.of(name, merged(base, own, adapter, module, shape), shape)
                .content()
                .writeTo(channel));
  }

  private static TensorSource copy(Safetensors from, String name, String as) {
    TensorEntry entry = from.entry(name);
    return new TensorSource(
        as,
        entry.dataType(),
        entry.shape(),
        channel -> {
          for (long at = 0; at < entry.bytes(); at += CHUNK) {
            ByteBuffer chunk = from.bytes(name, at, Math.min(CHUNK, entry.bytes() - at));
            while (chunk.hasRemaining()) {
              channel.write(chunk);
            }
          }
        });
  }

  /** W + scale·B·A, row by row. */
  private static float[] merged(
      Safetensors base, Safetensors own, Adapter adapter, String module, long[] shape) {
    float[] weight = base.floats(module + ".weight");
    float[] down = own.floats(Adapter.down(module));
    float[] up = own.floats(Adapter.up(module));
    int rank = adapter.lora().rank();
    int inputs = (int) shape[1];
    float scale = (float) adapter.lora().scale();
    for (int row = 0; row < shape[0]; row++) {
      int to = row * inputs;
      for (int r = 0; r < rank; r++) {
        float factor = scale * up[row * rank + r];
        int from = r * inputs;
        for (int i = 0; i < inputs; i++) {
          weight[to + i] += factor * down[from + i];
        }
      }
    }
    return weight;
  }
}
