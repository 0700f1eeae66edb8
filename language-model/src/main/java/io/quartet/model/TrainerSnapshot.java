package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Everything that a training run needs to go on as if nothing had happened: trained weights, their
 * averages, the optimizer's moments and step, the generator of libtorch, and the caller's own
 * cursor. It is one safetensors file; the last few are kept, see {@link SnapshotFiles}.
 */
public final class TrainerSnapshot {
  private static final String STEP = "step";
  private static final String CURSOR = "cursor.";
  private static final String MEAN = "adamw.mean.";
  private static final String SQUARE = "adamw.square.";
  private static final String AVERAGE = "average.";
  private static final String GENERATOR = "generator";

  private TrainerSnapshot() {}

  /**
   * Writes a snapshot into a folder; once it is durable, the oldest beyond those kept are deleted.
   *
   * @param kept how many snapshots the folder has afterwards at most, 1 or more
   * @param cursor where the data stands, such as {@link BatchSampler#drawn()}, and whatever else
   *     the caller wants back
   * @throws QuartetException RESOURCE_EXHAUSTED if the disk is full, FAILED_PRECONDITION if the
   *     folder cannot be written; the snapshots before it are then untouched
   */
  public static void save(
      Path directory, int kept, Trainer<?> trainer, Map<String, String> cursor) {
    var files = new SnapshotFiles(directory);
    try (var scope = new PointerScope()) {
      Files.createDirectories(directory);
      var metadata = new LinkedHashMap<String, String>();
      metadata.put(STEP, Long.toString(trainer.optimizer().step()));
      cursor.forEach((key, value) -> metadata.put(CURSOR + key, value));
      var tensors = tensors(trainer);
      tensors.put(GENERATOR, torch.getDefaultCPUGenerator().get_state());
      ModelWeights.write(files.unfinished(), metadata, tensors);
      files.finish(trainer.optimizer().step(), kept);
    } catch (IOException e) {
      throw QuartetException.writing(files.unfinished(), e);
    } finally {
      discard(files.unfinished());
    }
  }

  /**
   * Puts a trainer where the newest whole snapshot in a folder stood.
   *
   * @param trainer a fresh trainer of the same model and optimizer; weights that are not trained
   *     are as it has them
   * @return the cursor, or empty if the folder has no snapshot
   * @throws QuartetException DATA_LOSS if there are snapshots and all are damaged, INVALID_ARGUMENT
   *     if it is of another model
   */
  public static Optional<Map<String, String>> restore(Path directory, Trainer<?> trainer) {
    return new SnapshotFiles(directory).newestWhole().map(file -> read(file, trainer));
  }

  private static Map<String, String> read(Path file, Trainer<?> trainer) {
    try (var snapshot = Safetensors.open(file);
        var scope = new PointerScope()) {
      ModelWeights.read(snapshot, tensors(trainer));
      byte[] state = new byte[(int) snapshot.entry(GENERATOR).bytes()];
      snapshot.bytes(GENERATOR).get(state);
      torch.getDefaultCPUGenerator().set_state(Tensor.create(state, false));
      trainer.optimizer().step(step(file, snapshot.metadata()));
      var cursor = new LinkedHashMap<String, String>();
      snapshot
          .metadata()
          .forEach(
              (key, value) -> {
                if (key.startsWith(CURSOR)) {
                  cursor.put(key.substring(CURSOR.length()), value);
                }
              });
      return cursor;
    }
  }

  /** Puts the trainers of a group's other processes where the leader's stands. */
  static void spread(Trainer<?> trainer) {
    ReplicaGroup group = trainer.group();
    group.copyFromLeader(List.copyOf(tensors(trainer).values()));
    long step = trainer.optimizer().step();
    trainer.optimizer().step((long) group.sum(group.leads() ? step : 0)[0]);
  }

  private static Map<String, Tensor> tensors(Trainer<?> trainer) {
    var tensors = new LinkedHashMap<>(trainer.model().trainedWeights());
    trainer
        .optimizer()
        .slots()
        .forEach(
            (name, slot) -> {
              tensors.put(MEAN + name, slot.mean());
              if (slot.square() != null) {
                tensors.put(SQUARE + name, slot.square());
              }
              if (slot.average() != null) {
                tensors.put(AVERAGE + name, slot.average());
              }
            });
    return tensors;
  }

  private static long step(Path file, Map<String, String> metadata) {
    String step = metadata.getOrDefault(STEP, "");
    try {
      return Long.parseLong(step);
    } catch (NumberFormatException e) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS, "%s: step '%s', expected a number".formatted(file, step), e);
    }
  }

  private static void discard(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      throw QuartetException.writing(temporary, e);
    }
  }
}
