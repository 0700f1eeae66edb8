package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.RESOURCE_EXHAUSTED;
import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Model;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
  private static final int MOST_WAITING = 32;

  private final int extra;
  private final Clock clock;
  private final Runnable whenSettled;
  private final ModelIndex index = new ModelIndex();
  private final List<Consumer<Model>> watchers = new ArrayList<>();
  private long uses;
  private int waiting;
  private boolean caughtUp;
  private boolean settled;
  private boolean closed;

  /**
   * @param extra how many checkpoints stay in memory beside the newest of each stage
   * @param whenSettled run once the newest of all stages have been loaded or refused
   */
  ModelCatalog(int extra, Clock clock, Runnable whenSettled) {
    this.extra = extra;
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

  /** The announced checkpoint is in memory: it serves, and those that it replaces drain. */
  void loaded(CheckpointPublished announcement, ServedModel model) {
    List<Retired> retired = new ArrayList<>();
    synchronized (this) {
      ModelEntry entry = index.entry(announcement);
      retired.add(new Retired(entry, entry.loaded(model)));
      entry.usedAt(++uses);
      index.promote(entry.id().stage()).ifPresent(old -> retired.add(retire(old)));
      List<ModelEntry> extras = index.extras();
      extras.stream()
          .limit(Math.max(0, extras.size() - extra))
          .filter(old -> old != entry)
          .forEach(old -> retired.add(retire(old)));
      changed(entry);
    }
    retired.forEach(old -> old.drain(this));
  }

  /** The announced checkpoint cannot be loaded: it says why, and the old one stays. */
  synchronized void failed(CheckpointPublished announcement, QuartetException reason) {
    ModelEntry entry = index.entry(announcement);
    entry.failed(reason, clock.instant().plus(RETRY));
    changed(entry);
  }

  /**
   * The model of a name, with a lease on it that the caller gives back. Waits for one that is known
   * and not in memory yet.
   *
   * @param name as for {@link ModelIndex#find}, with its errors
   * @throws QuartetException UNAVAILABLE if it is not loaded in time; RESOURCE_EXHAUSTED if too
   *     many use it or wait; why it could not be loaded
   */
  synchronized ServedModel lease(String name, Duration patience) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      ModelEntry entry = index.find(name);
      ServedModel model = entry.model();
      if (model != null && model.lease()) {
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
      await(name, left);
    }
  }

  /** Waits for a change, with few others: each holds a thread. */
  private void await(String name, long millis) throws InterruptedException {
    if (waiting >= MOST_WAITING) {
      throw new QuartetException(
          RESOURCE_EXHAUSTED,
          "model '%s': %d requests wait for models to load, expected at most %d; try again later"
              .formatted(name, waiting, MOST_WAITING));
    }
    waiting++;
    try {
      wait(millis);
    } finally {
      waiting--;
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
      index
          .generating()
          .forEach(
              entry -> {
                if (entry.model() != null) {
                  models.add(entry.model());
                }
              });
    }
    models.forEach(ServedModel::stop);
  }

  private Retired retire(ModelEntry entry) {
    var retired = new Retired(entry, entry.retire());
    changed(entry);
    return retired;
  }

  private synchronized void drained(ModelEntry entry) {
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
        model.retire(() -> catalog.drained(entry));
      }
    }
  }
}
