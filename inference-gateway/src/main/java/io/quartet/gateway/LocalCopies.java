package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.DATA_LOSS;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.QuartetException;
import io.quartet.service.CheckpointExchange;
import io.quartet.v1.CheckpointPublished;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/**
 * The gateway's copies of the checkpoints that it loads. A list says which of those in its store it
 * has fetched itself: it deletes no others. For one thread.
 */
final class LocalCopies {
  private static final Logger LOG = Logger.getLogger(LocalCopies.class);

  private final CheckpointExchange exchange;
  private final CheckpointStore store;
  private final Path list;

  /**
   * @param list a file of ids, made if need be
   */
  LocalCopies(CheckpointExchange exchange, Path list) {
    this.exchange = exchange;
    this.store = exchange.store();
    this.list = list;
  }

  /**
   * A checkpoint in the local store, with the bytes that were announced.
   *
   * @throws QuartetException as {@link CheckpointExchange#fetch}
   */
  Checkpoint fetch(CheckpointPublished announcement) throws InterruptedException {
    var id = CheckpointId.parse(announcement.getCheckpointId());
    if (!there(id)) {
      note(id);
    }
    try {
      return verified(announcement);
    } catch (QuartetException e) {
      if (e.code() != DATA_LOSS || !there(id)) {
        throw e;
      }
      // Our own copy has rotted since it was fetched; its service may still have the true one.
      LOG.warnf("%s; fetching it again", e.getMessage());
      store.delete(id);
      return verified(announcement);
    }
  }

  private Checkpoint verified(CheckpointPublished announcement) throws InterruptedException {
    Checkpoint checkpoint = exchange.fetch(announcement);
    store.verify(checkpoint);
    return checkpoint;
  }

  private boolean there(CheckpointId id) {
    try {
      return store.find(id).isPresent();
    } catch (QuartetException e) {
      return e.code() == DATA_LOSS; // there, and damaged
    }
  }

  /**
   * Deletes those that it has fetched and that are worth keeping no more.
   *
   * @param worth whether one is; what it is an adapter on is too
   */
  void tidy(Predicate<CheckpointId> worth) {
    Set<CheckpointId> fetched = noted();
    Set<CheckpointId> kept = new HashSet<>();
    fetched.stream().filter(worth).forEach(id -> keep(id, kept));
    for (CheckpointId id : fetched) {
      if (!kept.contains(id) && there(id)) {
        store.delete(id);
        LOG.infof("%s is deleted here; it is fetched again when it is asked for", id);
      }
    }
    fetched.retainAll(kept);
    write(fetched);
  }

  private void keep(CheckpointId id, Set<CheckpointId> kept) {
    if (!kept.add(id) || !there(id)) {
      return;
    }
    Path directory = store.get(id).directory();
    if (Adapter.isIn(directory)) {
      keep(Adapter.read(directory).base(), kept);
    }
  }

  private void note(CheckpointId id) {
    Set<CheckpointId> fetched = noted();
    fetched.add(id);
    write(fetched);
  }

  private Set<CheckpointId> noted() {
    if (!Files.exists(list)) {
      return new HashSet<>();
    }
    try {
      return Files.readAllLines(list).stream()
          .map(CheckpointId::parse)
          .collect(Collectors.toCollection(HashSet::new));
    } catch (IOException e) {
      throw QuartetException.reading(list, e);
    }
  }

  private void write(Set<CheckpointId> fetched) {
    try {
      Files.createDirectories(list.toAbsolutePath().getParent());
      Files.write(list, fetched.stream().map(CheckpointId::toString).sorted().toList());
    } catch (IOException e) {
      throw QuartetException.writing(list, e);
    }
  }
}
