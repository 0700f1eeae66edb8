package io.quartet.service;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.CheckpointFile;
import io.quartet.v1.CheckpointPublished;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A checkpoint's claim check: what it is and where its bytes are, never the bytes. */
public final class CheckpointAnnouncement {
  private static final String TRAINING = "training.json";

  private CheckpointAnnouncement() {}

  /**
   * Describes a checkpoint of the local store.
   *
   * @param endpoint host:port of the CheckpointService that serves it
   */
  public static CheckpointPublished of(Checkpoint checkpoint, String endpoint) {
    CheckpointId id = checkpoint.id();
    return CheckpointPublished.newBuilder()
        .setCheckpointId(id.toString())
        .setParentId(checkpoint.training().parent().map(CheckpointId::toString).orElse(""))
        .setStage(Stages.of(id.stage()))
        .setRun(id.run())
        .setStep(id.step())
        .addAllFiles(files(checkpoint))
        .setDigest(checkpoint.digest())
        .setEndpoint(endpoint)
        .setPublished(StageTransitions.timestamp(published(checkpoint.directory())))
        .setTrainingJson(text(checkpoint.directory().resolve(TRAINING)))
        .build();
  }

  private static List<CheckpointFile> files(Checkpoint checkpoint) {
    return checkpoint.files().stream()
        .map(
            file ->
                CheckpointFile.newBuilder()
                    .setName(file.name())
                    .setSize(file.size())
                    .setSha256(file.sha256())
                    .build())
        .toList();
  }

  private static java.time.Instant published(Path directory) {
    try {
      return Files.getLastModifiedTime(directory).toInstant();
    } catch (IOException e) {
      throw QuartetException.reading(directory, e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
  }
}
