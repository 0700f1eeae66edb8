package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Model;
import io.quartet.v1.Route;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The announced checkpoints and which of them are in memory. A stage's name stands for its newest
 * checkpoint that could be loaded. One thread asks {@link #next} what to load and reports back;
 * until then whoever was served before is served still.
 */
public final class ModelCatalog {
  private static final Duration RETRY = Duration.ofSeconds(10);
  private static final Duration DRAIN = Duration.ofMinutes(1);

  private final ModelMemory memory;
  private final Clock clock;
  private final Runnable whenSettled;
  private final ModelIndex index;
  private final LoadWaiters waiters = new LoadWaiters();
  private final List<Consumer<Model>> watchers = new ArrayList<>();
  private long uses;
  private boolean caughtUp;
  private boolean settled;
  private boolean closed;

  /**
   * @param memory what all models together may hold
   * @param routes what each stage's name stands for
   * @param whenSettled run once the newest of all stages have been loaded or refused
   */
  ModelCatalog(ModelMemory memory, Routes routes, Clock clock, Runnable whenSettled) {
    this.memory = memory;
    this.index = new ModelIndex(routes);
    this.clock = clock;
    this.whenSettled = whenSettled;
  }

  /** Notes an announced checkpoint. */
  synchronized void announce(CheckpointPublished announcement) {
    changed(index.announced(announcement));
  }

  /** Every checkpoint that was announced before is known: the newest can be told. */
  synchronized void caughtUp() {
    caughtUp = true;
    notifyAll();
  }

  /** Whether the newest checkpoints of all stages have been loaded or refused once. */
  synchronized boolean settled() {
    return settled;
  }

  /** Blocks until a checkpoint should be loaded; empty once closed. */
  synchronized Optional<CheckpointPublished> next() throws InterruptedException {
    while (!closed) {
      Instant now = clock.instant();
      Optional<ModelEntry> entry = index.candidate(now, caughtUp);
      if (entry.isPresent()) {
        entry.get().loading();
        changed(entry.get());
        return Optional.of(entry.get().announced());
      }
      if (caughtUp && !settled) {
        settled = true;
        whenSettled.run();
      }
      Optional<Instant> retry = index.nextRetry(now);
      wait(retry.map(at -> Math.max(1, Duration.between(now, at).toMillis())).orElse(0L));
    }
    return Optional.empty();
  }

  /**
   * Sets memory aside for an announced checkpoint. Others make room, the least recently used first,
   * and are waited for while they drain; what serves the same name stays, since it serves until the
   * new one is there. What was set aside is given back by {@link #failed}, or when the model that
   * {@link #loaded} brings is drained.
   *
   * @throws QuartetException FAILED_PRECONDITION with the arithmetic if it can have no room;
   *     UNAVAILABLE if those that make room do not drain in time
   */
  void reserve(CheckpointPublished announcement, long bytes) throws InterruptedException {
    long end = System.nanoTime() + DRAIN.toNanos();
    memory.requireFits(announcement.getCheckpointId(), bytes);
    while (true) {
      Optional<Retired> leaving;
      synchronized (this) {
        if (memory.fits(bytes)) {
          memory.take(bytes);
          return;
        }
        // What drains already may be enough; else one more has to go.
        leaving =
            memory.fitsOnceDrained(bytes) ? Optional.empty() : leastUsed(index.entry(announcement));
        if (leaving.isEmpty() && !memory.drains()) {
          throw memory.full(announcement.getCheckpointId(), bytes);
        }
        if (leaving.isEmpty()) {
          waitForDrained(announcement, end);
        }
      }
      leaving.ifPresent(old -> old.drain(this));
    }
  }

  /** Whether so many bytes are free now. */
  synchronized boolean hasRoom(long bytes) {
    return memory.fits(bytes);
  }

  private Optional<Retired> leastUsed(ModelEntry arriving) {
    return index.evictable(arriving).stream()
        .findFirst()
        .map(
            entry -> {
              entry.evict();
              return retire(entry);
            });
  }

  private void waitForDrained(CheckpointPublished announcement, long end)
      throws InterruptedException {
    long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
    if (left <= 0) {
      throw new QuartetException(
          UNAVAILABLE,
          "model '%s': no memory for it yet, others still end what they have begun"
              .formatted(announcement.getCheckpointId()));
    }
    wait(left);
  }

  /** The announced checkpoint is in memory: it serves, and what it replaces drains. */
  void loaded(CheckpointPublished announcement, ServedModel model) {
    List<Retired> retired = new ArrayList<>();
    synchronized (this) {
      ModelEntry entry = index.entry(announcement);
      retired.add(retired(entry, entry.loaded(model)));
      entry.usedAt(++uses);
      index.promote(entry.id().stage()).ifPresent(old -> retired.add(retire(old)));
      changed(entry);
    }
    retired.forEach(old -> old.drain(this));
  }

  /**
   * The announced checkpoint cannot be loaded: it says why, and the old one stays.
   *
   * @param reserved the bytes that were set aside for it
   */
  synchronized void failed(
      CheckpointPublished announcement, QuartetException reason, long reserved) {
    memory.giveBack(reserved);
    ModelEntry entry = index.entry(announcement);
    entry.failed(reason, clock.instant().plus(RETRY));
    changed(entry);
  }

  /**
   * The model of a name, with a lease for each answer that the caller gives back. Waits for one
   * that is known and not in memory yet.
   *
   * @param name as for {@link ModelIndex#find}, with its errors
   * @param sticky decides whether a canary answers
   * @param demand what it is asked for
   * @throws QuartetException UNAVAILABLE if it is not loaded in time; RESOURCE_EXHAUSTED if too
   *     many use it or wait; why it could not be loaded
   */
  synchronized ServedModel lease(String name, Sticky sticky, Demand demand, Duration patience)
      throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      ModelEntry entry = index.find(name, sticky);
      ServedModel model = entry.model();
      if (model != null && model.lease(demand)) {
        entry.usedAt(++uses);
        return model;
      }
      QuartetException failure = entry.failure();
      if (failure != null && !entry.loadable(clock.instant())) {
        throw new QuartetException(failure.code(), failure.getMessage(), failure);
      }
      long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
      if (left <= 0 || closed) {
        throw new QuartetException(
            UNAVAILABLE, "model '%s': %s is not loaded yet".formatted(name, entry.id()));
      }
      entry.want();
      notifyAll();
      waiters.await(this, name, left);
    }
  }

  /** Every model that generates, by stage and the newest first. */
  public synchronized List<Model> list() {
    return index.generating().map(index::describe).toList();
  }

  /** One model; see {@link ModelIndex#find} for names and errors. */
  public synchronized Model get(String name) {
    return index.describe(index.find(name));
  }

  /** What every stage's name stands for. */
  synchronized List<Route> routes() {
    return ModelIndex.STAGES.stream().map(stage -> index.routes().of(stage)).toList();
  }

  /**
   * Changes what a stage's name stands for. What is to serve is loaded beside what serves.
   *
   * @throws QuartetException INVALID_ARGUMENT or NOT_FOUND saying what is wrong with the route
   */
  void route(Route route) {
    List<Retired> retired = new ArrayList<>();
    synchronized (this) {
      Stage stage = Routes.stage(route);
      index.requireOfStage(stage, Routes.checked(route).getPinned());
      index.requireOfStage(stage, route.getCanary());
      index.routes().put(route);
      index.promote(stage).ifPresent(old -> retired.add(retire(old)));
      index.generating().filter(entry -> entry.id().stage() == stage).forEach(this::changed);
    }
    retired.forEach(old -> old.drain(this));
  }

  /** Tells every model, and then each that changes, until the returned action is run. */
  synchronized Runnable watch(Consumer<Model> watcher) {
    list().forEach(watcher);
    watchers.add(watcher);
    return () -> {
      synchronized (this) {
        watchers.remove(watcher);
      }
    };
  }

  /** Gives out no more; every answer under way is cancelled. */
  void close() {
    List<ServedModel> models = new ArrayList<>();
    synchronized (this) {
      closed = true;
      notifyAll();
      index.generating().map(ModelEntry::model).filter(Objects::nonNull).forEach(models::add);
    }
    models.forEach(ServedModel::stop);
  }

  private Retired retire(ModelEntry entry) {
    Retired retired = retired(entry, entry.retire());
    changed(entry);
    return retired;
  }

  private Retired retired(ModelEntry entry, @Nullable ServedModel weights) {
    memory.draining(weights == null ? 0 : weights.bytes());
    return new Retired(entry, weights);
  }

  private synchronized void drained(ModelEntry entry, ServedModel weights) {
    memory.drained(weights.bytes());
    entry.drained();
    changed(entry);
  }

  private void changed(ModelEntry entry) {
    if (ModelIndex.generates(entry)) {
      Model model = index.describe(entry);
      watchers.forEach(watcher -> watcher.accept(model));
    }
    notifyAll();
  }

  /** Weights that serve no more, and whose they were. */
  private record Retired(ModelEntry entry, @Nullable ServedModel model) {
    void drain(ModelCatalog catalog) {
      if (model != null) {
        model.retire(() -> catalog.drained(entry, model));
      }
    }
  }
}
