package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INTERNAL;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.DecoderMemory;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.Precision;
import io.quartet.decoder.QuantizationLoss;
import io.quartet.v1.CheckpointPublished;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Brings into memory what the catalog asks for, one checkpoint after the other, on one thread. */
final class ModelLoader implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(ModelLoader.class);

  private static final int MEASURED_TEXTS = 16;
  private static final int MEASURED_LENGTH = 64;

  private final ModelCatalog catalog;
  private final LocalCopies copies;
  private final DecoderOptions options;
  private final WaitingRoom room;
  private final GatewayMetrics metrics;
  private final Map<String, QuantizationLoss> losses = new HashMap<>(); // by digest; the thread's
  private final Thread thread = new Thread(this::run, "model-loader");

  /**
   * @param room what may wait for a slot of each model
   */
  ModelLoader(
      ModelCatalog catalog,
      LocalCopies copies,
      DecoderOptions options,
      WaitingRoom room,
      GatewayMetrics metrics) {
    this.catalog = catalog;
    this.copies = copies;
    this.options = options;
    this.room = room;
    this.metrics = metrics;
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
    long reserved = 0;
    try {
      tidy();
      Checkpoint checkpoint = copies.fetch(announcement);
      long bytes = ServedModel.bytes(checkpoint, options);
      catalog.reserve(announcement, bytes);
      reserved = bytes;
      Optional<QuantizationLoss> loss = loss(checkpoint, bytes);
      ServedModel model = ServedModel.open(checkpoint, options, loss, room);
      model.whenFreed(metrics.observe(model));
      catalog.loaded(announcement, model);
      LOG.infof("%s is loaded", id);
    } catch (QuartetException e) {
      LOG.errorf("%s is not served: %s", id, e.getMessage());
      catalog.failed(announcement, e, reserved);
    } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
      // The loader must outlive whatever one checkpoint does to it.
      LOG.errorf(e, "%s is not served", id);
      catalog.failed(
          announcement, new QuartetException(INTERNAL, "cannot load: " + e, e), reserved);
    }
  }

  /**
   * What the precision costs the model, on text of its own; once for the same weights.
   *
   * @param reserved for the model, which is not open yet
   */
  private Optional<QuantizationLoss> loss(Checkpoint checkpoint, long reserved) {
    if (options.precision() == Precision.FP32) {
      return Optional.empty();
    }
    QuantizationLoss known = losses.get(checkpoint.digest());
    if (known == null && !catalog.hasRoom(measuring(checkpoint.config()) - reserved)) {
      LOG.warnf("%s: no memory to measure what %s costs", checkpoint.id(), options.precision());
      return Optional.empty();
    }
    return Optional.of(losses.computeIfAbsent(checkpoint.digest(), digest -> measure(checkpoint)));
  }

  /** What measuring takes: the weights as they are, beside all other models. */
  private long measuring(ModelConfig config) {
    var measuring =
        new DecoderOptions(MEASURED_TEXTS, options.threads()).withContextLimit(MEASURED_LENGTH + 1);
    return DecoderMemory.of(config, measuring);
  }

  private QuantizationLoss measure(Checkpoint checkpoint) {
    int[] beginning = {checkpoint.config().beginTokenId()};
    int length = Math.min(MEASURED_LENGTH, checkpoint.config().contextLength() - 1);
    QuantizationLoss loss =
        QuantizationLoss.ofOwnText(
            checkpoint,
            options.precision(),
            Collections.nCopies(MEASURED_TEXTS, beginning),
            length,
            options.threads());
    LOG.infof(
        "%s at %s: perplexity %.3f instead of %.3f, %.1f %% of tokens the same",
        checkpoint.id(),
        options.precision(),
        loss.perplexity(),
        loss.fullPerplexity(),
        100 * loss.agreement());
    return loss;
  }

  /** Before the next comes, those go that are worth keeping no more. */
  private void tidy() {
    try {
      copies.tidy(catalog::worthKeeping);
    } catch (QuartetException e) {
      LOG.warnf("local copies are not tidied: %s", e.getMessage());
    }
  }

  /** Stops after what it is loading. */
  @Override
  public void close() {
    thread.interrupt();
  }
}
