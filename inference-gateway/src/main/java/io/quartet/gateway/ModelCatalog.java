package io.quartet.gateway;

import io.quartet.checkpoint.CheckpointId;
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
  private final ModelIndex index = new ModelIndex();
  private final StageNames names;
  private final Evictions evictions;
  private final LoadWaiters waiters = new LoadWaiters();
  private final ModelWatchers watchers = new ModelWatchers();
  private long uses;
  private boolean caughtUp;
  private boolean settled;
  private boolean closed;

  /**
   * @param memory what all models together may hold
   * @param whenSettled run once the newest of all stages have been loaded or refused
   */
  ModelCatalog(ModelMemory memory, Clock clock, Runnable whenSettled) {
    this.memory = memory;
    this.names = new StageNames(index);
    this.evictions = new Evictions(index, names, memory);
    this.clock = clock;
    this.whenSettled = whenSettled;
  }

  /** Notes an announced checkpoint. */
  synchronized void announce(CheckpointPublished announcement) {
    changed(index.announced(announcement).id().stage());
  }

  /** Every checkpoint and route that was announced before is known: the newest can be told. */
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
      Optional<ModelEntry> entry =
          index.wanted(now).or(() -> caughtUp ? names.candidate(now) : Optional.empty());
      if (entry.isPresent()) {
        entry.get().loading();
        changed(entry.get().id().stage());
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
   * new one is there. Nothing goes if that would not be enough. What was set aside is given back by
   * {@link #failed}, or when the model that {@link #loaded} brings is drained.
   *
   * @throws QuartetException FAILED_PRECONDITION with the arithmetic if it can have no room;
   *     UNAVAILABLE if those that make room do not drain in time
   */
  void reserve(CheckpointPublished announcement, long bytes) throws InterruptedException {
    long end = System.nanoTime() + DRAIN.toNanos();
    memory.requireFits(announcement.getCheckpointId(), bytes);
    makeRoom(announcement, bytes).forEach(this::drain);
    synchronized (this) {
      while (!memory.fits(bytes)) {
        long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
        if (left <= 0) {
          throw ModelMemory.notYet(announcement.getCheckpointId());
        }
        wait(left);
      }
      memory.take(bytes);
    }
  }

  /** Whether so many bytes are free now. */
  synchronized boolean hasRoom(long bytes) {
    return memory.fits(bytes);
  }

  private synchronized List<Retired> makeRoom(CheckpointPublished announcement, long bytes) {
    List<ModelEntry> leaving = evictions.leaving(index.entry(announcement), bytes);
    leaving.forEach(ModelEntry::evict);
    return leaving.stream().map(this::retire).toList();
  }

  /** The announced checkpoint is in memory: it serves, and what it replaces drains. */
  void loaded(CheckpointPublished announcement, ServedModel model) {
    List<Retired> retired = new ArrayList<>();
    synchronized (this) {
      ModelEntry entry = index.entry(announcement);
      retired.add(retired(entry, entry.loaded(model)));
      entry.usedAt(++uses);
      retired.addAll(promote(entry.id().stage()));
    }
    retired.forEach(this::drain);
  }

  /**
   * The announced checkpoint cannot be loaded: it says why, and the old one stays, or else the next
   * best that is in memory.
   *
   * @param reserved the bytes that were set aside for it
   */
  void failed(CheckpointPublished announcement, QuartetException reason, long reserved) {
    List<Retired> retired;
    synchronized (this) {
      memory.giveBack(reserved);
      ModelEntry entry = index.entry(announcement);
      entry.failed(reason, clock.instant().plus(RETRY));
      retired = promote(entry.id().stage());
    }
    retired.forEach(this::drain);
  }

  /**
   * The model of a name, with a lease for each answer that the caller gives back. Waits for one
   * that is known and not in memory yet.
   *
   * @param name as for {@link StageNames#find}, with its errors
   * @param sticky decides whether a canary answers
   * @param demand what it is asked for
   * @throws QuartetException UNAVAILABLE if it is not loaded in time; RESOURCE_EXHAUSTED if too
   *     many use it or wait; why it could not be loaded
   */
  synchronized ServedModel lease(String name, Sticky sticky, Demand demand, Duration patience)
      throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      ModelEntry entry = answering(name, sticky);
      ServedModel model = entry.model();
      if (model != null && model.lease(demand)) {
        entry.usedAt(++uses);
        return model;
      }
      QuartetException failure = entry.failure();
      if (failure != null && !entry.loadable(clock.instant())) {
        throw new QuartetException(failure.code(), failure.getMessage(), failure);
      }
      want(entry);
      waiters.await(this, name, entry.id(), closed ? System.nanoTime() : end);
    }
  }

  /** The entry that a request goes to: a canary that made room is sent for, and goes without it. */
  private ModelEntry answering(String name, Sticky sticky) {
    Optional<ModelEntry> canary = names.canary(name, sticky);
    canary.filter(entry -> !entry.inMemory()).ifPresent(this::want);
    return canary.filter(ModelEntry::inMemory).orElseGet(() -> names.find(name));
  }

  private void want(ModelEntry entry) {
    if (!entry.wanted()) { // or those who wait would keep waking each other
      entry.want();
      notifyAll();
    }
  }

  /** Every model that generates, by stage and the newest first. */
  public synchronized List<Model> list() {
    return index.generating().map(names::describe).toList();
  }

  /** One model; see {@link StageNames#find} for names and errors. */
  public synchronized Model get(String name) {
    return names.describe(names.find(name));
  }

  /** Whether a checkpoint's files are; see {@link StageNames#worthKeeping}. */
  synchronized boolean worthKeeping(CheckpointId id) {
    return !caughtUp || index.known(id.toString()).filter(names::worthKeeping).isPresent();
  }

  /** What every stage's name stands for. */
  synchronized List<Route> routes() {
    return names.routes();
  }

  /** Refuses a wrong route; see {@link StageNames#check}. */
  synchronized void check(Route route) {
    names.check(route);
  }

  /**
   * Changes what a stage's name stands for. What is to serve is loaded beside what serves.
   *
   * @throws QuartetException as {@link StageNames#route}
   */
  void route(Route route) {
    List<Retired> retired;
    synchronized (this) {
      retired = promote(names.route(route));
    }
    retired.forEach(this::drain);
  }

  /** Tells every model, and then each that changes, until the returned action is run. */
  synchronized Runnable watch(Consumer<Model> watcher) {
    watchers.add(watcher, list());
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

  /** Something about a stage is other than it was; returns what has lost its name. */
  private List<Retired> promote(Stage stage) {
    List<Retired> retired = names.promote(stage).map(this::retire).stream().toList();
    evictions.pardon().forEach(this::changed);
    changed(stage);
    return retired;
  }

  private Retired retire(ModelEntry entry) {
    Retired retired = retired(entry, entry.retire());
    changed(entry.id().stage());
    return retired;
  }

  private Retired retired(ModelEntry entry, @Nullable ServedModel weights) {
    var retired = new Retired(entry, weights);
    memory.draining(retired.bytes());
    return retired;
  }

  private void drain(Retired old) {
    old.drain(() -> drained(old));
  }

  private synchronized void drained(Retired old) {
    memory.drained(old.bytes());
    old.entry().drained();
    evictions.pardon().forEach(this::changed);
    changed(old.entry().id().stage());
  }

  /** Also what is said of other models of a stage may be other than it was. */
  private void changed(Stage stage) {
    if (ModelIndex.STAGES.contains(stage)) {
      watchers.tell(index.newestFirst(stage).stream().map(names::describe));
    }
    notifyAll();
  }
}
