package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.DATA_LOSS;
import static io.quartet.checkpoint.ErrorCode.INTERNAL;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.DecoderOptions;
import io.quartet.service.CheckpointExchange;
import io.quartet.v1.CheckpointPublished;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Brings into memory what the catalog asks for, one checkpoint after the other, on one thread. */
final class ModelLoader implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(ModelLoader.class);

  private final ModelCatalog catalog;
  private final CheckpointExchange exchange;
  private final DecoderOptions options;
  private final int waiting;
  private final Thread thread = new Thread(this::run, "model-loader");

  /**
   * @param waiting how many requests may wait for a slot of each model
   */
  ModelLoader(
      ModelCatalog catalog, CheckpointExchange exchange, DecoderOptions options, int waiting) {
    this.catalog = catalog;
    this.exchange = exchange;
    this.options = options;
    this.waiting = waiting;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  private void run() {
    try {
      Optional<CheckpointPublished> next = catalog.next();
      while (next.isPresent()) {
        load(next.get());
        next = catalog.next();
      }
    } catch (InterruptedException e) {
      LOG.debug("closed while loading");
    }
  }

  private void load(CheckpointPublished announcement) throws InterruptedException {
    String id = announcement.getCheckpointId();
    try {
      catalog.loaded(announcement, ServedModel.open(fetch(announcement), options, waiting));
      LOG.infof("%s is loaded", id);
    } catch (QuartetException e) {
      LOG.errorf("%s is not served: %s", id, e.getMessage());
      catalog.failed(announcement, e);
    } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
      // The loader must outlive whatever one checkpoint does to it.
      LOG.errorf(e, "%s is not served", id);
      catalog.failed(announcement, new QuartetException(INTERNAL, "cannot load: " + e, e));
    }
  }

  /** The checkpoint in the local store, with the bytes that were announced. */
  private Checkpoint fetch(CheckpointPublished announcement) throws InterruptedException {
    try {
      return verified(announcement);
    } catch (QuartetException e) {
      var id = CheckpointId.parse(announcement.getCheckpointId());
      if (e.code() != DATA_LOSS || !kept(id)) {
        throw e;
      }
      // Our own copy has rotted since it was fetched; its service may still have the true one.
      LOG.warnf("%s; fetching it again", e.getMessage());
      exchange.store().delete(id);
      return verified(announcement);
    }
  }

  private Checkpoint verified(CheckpointPublished announcement) throws InterruptedException {
    Checkpoint checkpoint = exchange.fetch(announcement);
    exchange.store().verify(checkpoint);
    return checkpoint;
  }

  private boolean kept(CheckpointId id) {
    try {
      return exchange.store().find(id).isPresent();
    } catch (QuartetException e) {
      return e.code() == DATA_LOSS; // there, and damaged
    }
  }

  /** Stops after what it is loading. */
  @Override
  public void close() {
    thread.interrupt();
  }
}
