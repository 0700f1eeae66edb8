package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.DATA_LOSS;
import static io.quartet.checkpoint.ErrorCode.DEADLINE_EXCEEDED;
import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointFile;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.CheckpointPublished;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * Brings announced checkpoints into the local store. Downloads lie under the announced digest until
 * they are whole, so that a cut one is resumed where it stopped, by this process or the next.
 */
public final class RemoteCheckpointStore {
  private static final Logger LOG = Logger.getLogger(RemoteCheckpointStore.class);
  private static final Set<ErrorCode> PASSING = Set.of(UNAVAILABLE, DEADLINE_EXCEEDED);
  private static final int ATTEMPTS = 4;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);

  private final CheckpointStore store;
  private final Path incoming;

  /**
   * @param store where fetched checkpoints go
   * @param incoming folder of partial downloads, on the same file system as the store
   */
  public RemoteCheckpointStore(CheckpointStore store, Path incoming) {
    this.store = store;
    this.incoming = incoming;
  }

  /**
   * Fetches a checkpoint unless the store has it already with the announced digest; an adapter's
   * base as well, from the same service.
   *
   * @return the checkpoint in the local store, every file and the whole verified by SHA-256
   * @throws QuartetException DATA_LOSS if bytes are not what was announced (naming file, found and
   *     expected); UNAVAILABLE if its service cannot be reached for about two seconds; NOT_FOUND if
   *     the service does not have it any more; INVALID_ARGUMENT for a malformed announcement
   */
  public synchronized Checkpoint fetch(CheckpointPublished announced) throws InterruptedException {
    var id = CheckpointId.parse(announced.getCheckpointId());
    List<CheckpointFile> files = files(announced);
    Optional<Checkpoint> local = store.find(id);
    if (local.isPresent() && local.get().digest().equals(announced.getDigest())) {
      Checkpoint checkpoint = local.get();
      fetchBase(checkpoint.directory(), announced.getEndpoint());
      return checkpoint;
    }
    try {
      Path folder = Files.createDirectories(incoming.resolve(announced.getDigest()));
      try (var client = new CheckpointDownload(id, announced.getEndpoint())) {
        for (CheckpointFile file : files) {
          downloadWithRetries(client, file, folder.resolve(file.name()));
        }
      }
      fetchBase(folder, announced.getEndpoint());
      return publish(id, files, folder);
    } catch (IOException e) {
      throw QuartetException.writing(incoming, e);
    }
  }

  /** What a folder's adapter needs to be of use, if it is one. */
  private void fetchBase(Path folder, String endpoint) throws InterruptedException {
    if (!Adapter.isIn(folder)) {
      return;
    }
    Adapter adapter = Adapter.read(folder);
    Optional<Checkpoint> local = store.find(adapter.base());
    if (local.isPresent() && local.get().digest().equals(adapter.baseDigest())) {
      fetchBase(local.get().directory(), endpoint);
      return;
    }
    try (var client = new CheckpointDownload(adapter.base(), endpoint)) {
      CheckpointPublished base = client.describe();
      if (!base.getDigest().equals(adapter.baseDigest())) {
        throw new QuartetException(
            DATA_LOSS,
            "checkpoint '%s' at %s: digest %s, an adapter on it expected %s"
                .formatted(adapter.base(), endpoint, base.getDigest(), adapter.baseDigest()));
      }
      fetch(base.toBuilder().setEndpoint(endpoint).build());
    }
  }

  /** The announced files; records check themselves, so no name can point out of a folder. */
  private static List<CheckpointFile> files(CheckpointPublished announced) {
    List<CheckpointFile> files =
        announced.getFilesList().stream()
            .map(file -> new CheckpointFile(file.getName(), file.getSize(), file.getSha256()))
            .toList();
    String digest = Checkpoint.digest(files);
    if (!digest.equals(announced.getDigest())) {
      throw new QuartetException(
          DATA_LOSS,
          "checkpoint '%s': its files' digest is %s, expected %s"
              .formatted(announced.getCheckpointId(), digest, announced.getDigest()));
    }
    return files;
  }

  private static void downloadWithRetries(CheckpointDownload client, CheckpointFile file, Path to)
      throws IOException, InterruptedException {
    Duration pause = FIRST_PAUSE;
    for (int attempt = 1; ; attempt++) {
      long before = Files.exists(to) ? Files.size(to) : 0;
      try {
        client.resume(file, to);
        return;
      } catch (QuartetException e) {
        if (Files.exists(to) && Files.size(to) > before) {
          attempt = 0; // it came further: an unstable line, not a dead one
          pause = FIRST_PAUSE;
        } else if (attempt >= ATTEMPTS) {
          throw e;
        }
        if (!PASSING.contains(e.code())) {
          throw e;
        }
        LOG.warnf("%s; trying again", e.getMessage());
        Thread.sleep(pause.toMillis());
        pause = pause.multipliedBy(2);
      }
    }
  }

  private Checkpoint publish(CheckpointId id, List<CheckpointFile> files, Path folder)
      throws IOException {
    if (store.find(id).isPresent()) {
      LOG.warnf("checkpoint '%s' was trained again; the earlier one is replaced", id);
      store.delete(id);
    }
    try (var pending = store.begin(id)) {
      for (CheckpointFile file : files) {
        Files.move(
            folder.resolve(file.name()),
            pending.directory().resolve(file.name()),
            StandardCopyOption.ATOMIC_MOVE);
      }
      Files.delete(folder);
      return pending.publish();
    }
  }
}
