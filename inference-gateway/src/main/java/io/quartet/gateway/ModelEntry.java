package io.quartet.gateway;

import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.Precision;
import io.quartet.decoder.QuantizationLoss;
import io.quartet.service.Stages;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Model;
import io.quartet.v1.ModelState;
import io.quartet.v1.PrecisionLoss;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the gateway knows of one announced checkpoint. Guarded by its {@link ModelCatalog}. */
final class ModelEntry {
  /** The latest published first; of equals the one that was announced last. */
  static final Comparator<ModelEntry> NEWEST_FIRST =
      Comparator.<ModelEntry, Timestamp>comparing(
              entry -> entry.announced.getPublished(), Timestamps.comparator())
          .thenComparingLong(entry -> entry.order)
          .reversed();

  /** Failures that another attempt may mend. */
  private static final Set<ErrorCode> PASSING =
      Set.of(ErrorCode.UNAVAILABLE, ErrorCode.DEADLINE_EXCEEDED, ErrorCode.RESOURCE_EXHAUSTED);

  private final CheckpointId id;
  private final long order;
  private CheckpointPublished announced;
  private ModelState state = ModelState.MODEL_STATE_AVAILABLE;
  private @Nullable ServedModel model;
  private @Nullable QuartetException failure;
  private Instant retryAt = Instant.MIN;
  private boolean wanted;
  private boolean evicted;
  private long lacking;
  private long used;

  ModelEntry(CheckpointId id, long order, CheckpointPublished announced) {
    this.id = id;
    this.order = order;
    this.announced = announced;
  }

  CheckpointId id() {
    return id;
  }

  CheckpointPublished announced() {
    return announced;
  }

  @Nullable ServedModel model() {
    return model;
  }

  boolean inMemory() {
    return model != null;
  }

  /** What it holds in memory. */
  long bytes() {
    return model == null ? 0 : model.bytes();
  }

  /** Whether it serves, or would once it is loaded. */
  boolean servable() {
    return model != null || failure == null;
  }

  @Nullable QuartetException failure() {
    return failure;
  }

  Instant retryAt() {
    return retryAt;
  }

  long used() {
    return used;
  }

  void usedAt(long time) {
    used = time;
  }

  /** Somebody waits for it. */
  void want() {
    wanted = true;
  }

  boolean wanted() {
    return wanted;
  }

  /** Whether it made room for another: it comes back when somebody wants it. */
  boolean evicted() {
    return evicted;
  }

  void evict() {
    evicted = true;
  }

  /** It found no room beside others: so many bytes. */
  void lacks(long bytes) {
    lacking = bytes;
  }

  /** What it would have needed when it was refused for want of memory beside others; else 0. */
  long lacking() {
    return lacking;
  }

  /** Announced again, perhaps with other bytes or from elsewhere. */
  void announcedAgain(CheckpointPublished announcement) {
    boolean changed = !announcement.getDigest().equals(announced.getDigest());
    boolean moved = !announcement.getEndpoint().equals(announced.getEndpoint());
    announced = announcement;
    if (changed || moved) {
      forgive();
    }
  }

  /** What it failed for may be no more: it may be tried again. */
  void forgive() {
    if (failure != null) {
      failure = null;
      lacking = 0;
      state = model == null ? ModelState.MODEL_STATE_AVAILABLE : ModelState.MODEL_STATE_READY;
    }
  }

  /** Whether the weights in memory are those that were announced last. */
  boolean current() {
    return model != null && model.checkpoint().digest().equals(announced.getDigest());
  }

  /** Whether an attempt to load it makes sense now. */
  boolean loadable(Instant now) {
    if (current() || state == ModelState.MODEL_STATE_LOADING) {
      return false;
    }
    return failure == null || (mayPass() && !now.isBefore(retryAt));
  }

  /** Whether it should be loaded now if a route wants it: what made room waits to be asked for. */
  boolean awaited(Instant now) {
    return !evicted && loadable(now);
  }

  /** Whether it failed for a reason that may pass. */
  boolean mayPass() {
    return failure != null && PASSING.contains(failure.code());
  }

  /** Whether it is being loaded, or somebody waits for that. */
  boolean arriving() {
    return wanted || state == ModelState.MODEL_STATE_LOADING;
  }

  void loading() {
    lacking = 0;
    state = ModelState.MODEL_STATE_LOADING;
  }

  /** Serves with these weights; returns those that it served with before. */
  @Nullable ServedModel loaded(ServedModel weights) {
    ServedModel before = model;
    model = weights;
    state = ModelState.MODEL_STATE_READY;
    failure = null;
    wanted = false;
    evicted = false;
    return before;
  }

  /**
   * Could not be loaded; weights that it has already go on serving. Whether it once made room
   * counts no more: its route tries again when the reason has passed.
   */
  void failed(QuartetException reason, Instant nextAttempt) {
    failure = reason;
    retryAt = nextAttempt;
    state = ModelState.MODEL_STATE_FAILED;
    wanted = false;
    evicted = false;
  }

  /** Serves no more; returns the weights, which end what they have begun. */
  @Nullable ServedModel retire() {
    ServedModel before = model;
    model = null;
    state = ModelState.MODEL_STATE_DRAINING;
    return before;
  }

  /** The retired weights are gone. */
  void drained() {
    if (state == ModelState.MODEL_STATE_DRAINING) {
      state = ModelState.MODEL_STATE_AVAILABLE;
    }
  }

  /**
   * As the API tells it.
   *
   * @param share percent of the requests for its stage's name
   */
  Model describe(List<String> aliases, int share) {
    var description =
        Model.newBuilder()
            .setCheckpointId(id.toString())
            .setStage(Stages.of(id.stage()))
            .setState(state)
            .addAllAliases(aliases)
            .setTrafficPercent(share)
            .setDigest(announced.getDigest());
    if (failure != null) {
      description.setFailure(failure.getMessage());
    }
    if (model != null) {
      description
          .setContextLength(model.contextLength())
          .setParameters(model.checkpoint().config().parameters())
          .setDigest(model.checkpoint().digest())
          .setMemoryBytes(model.bytes())
          .setPrecision(precision(model.precision()))
          .setLoaded(
              Timestamp.newBuilder()
                  .setSeconds(model.loaded().getEpochSecond())
                  .setNanos(model.loaded().getNano()));
      model.loss().ifPresent(loss -> description.setPrecisionLoss(described(loss)));
    }
    return description.build();
  }

  private static io.quartet.v1.Precision precision(Precision precision) {
    return switch (precision) {
      case FP32 -> io.quartet.v1.Precision.PRECISION_FP32;
      case INT8 -> io.quartet.v1.Precision.PRECISION_INT8;
      case INT4 -> io.quartet.v1.Precision.PRECISION_INT4;
    };
  }

  private static PrecisionLoss described(QuantizationLoss loss) {
    return PrecisionLoss.newBuilder()
        .setTokens(loss.tokens())
        .setFullPerplexity(loss.fullPerplexity())
        .setPerplexity(loss.perplexity())
        .setAgreement(loss.agreement())
        .build();
  }
}
