package io.quartet.gateway;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.Timestamp;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.decoder.DecoderMemory;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.Priority;
import io.quartet.service.CheckpointAnnouncement;
import io.quartet.v1.CheckpointPublished;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A catalog of scripted models that a test announces and loads itself. */
abstract class CatalogFixture {
  static final DecoderOptions OPTIONS = new DecoderOptions(2, 1);
  static final Duration AT_ONCE = Duration.ZERO;
  static final Sticky EITHER = new Sticky("anybody");
  static final WaitingRoom ROOM = new WaitingRoom(3, 1_000_000);

  static final Demand ONE = new Demand(1, 0, OptionalInt.empty(), Priority.INTERACTIVE);

  /** What a model of the tests holds in memory. */
  static final long MODEL =
      DecoderMemory.of(ScriptedModels.config(ScriptedModels.CONTEXT), OPTIONS);

  @TempDir Path folder;
  final TickingClock clock = new TickingClock();
  final ModelCatalog catalog = catalog(3 * MODEL);
  CheckpointStore store;
  CompletableFuture<CheckpointPublished> awaited = new CompletableFuture<>();

  @BeforeEach
  void openStore() {
    store = new CheckpointStore(folder);
  }

  @AfterEach
  void free() {
    catalog.close();
  }

  void serve(String id, long published) throws InterruptedException {
    announce(id, published);
    catalog.caughtUp();
    loadNext();
  }

  void announce(String id, long published) {
    Checkpoint checkpoint =
        id.startsWith("reward")
            ? ScriptedModels.publishReward(store, id)
            : ScriptedModels.publish(store, id, "abc");
    catalog.announce(announcement(checkpoint, published));
  }

  static CheckpointPublished announcement(Checkpoint checkpoint, long published) {
    return CheckpointAnnouncement.of(checkpoint, "127.0.0.1:1").toBuilder()
        .setPublished(Timestamp.newBuilder().setSeconds(published))
        .build();
  }

  ModelCatalog catalog(long bytes) {
    return new ModelCatalog(new ModelMemory(bytes), clock, () -> {});
  }

  void loadNext() throws InterruptedException {
    load(next());
  }

  void load(CheckpointPublished next) throws InterruptedException {
    load(catalog, next);
  }

  void load(ModelCatalog catalog, CheckpointPublished next) throws InterruptedException {
    var id = CheckpointId.parse(next.getCheckpointId());
    catalog.reserve(next, MODEL);
    catalog.loaded(next, ServedModel.open(store.get(id), OPTIONS, Optional.empty(), ROOM));
  }

  CheckpointPublished announcementOf(String id) {
    return announcement(store.get(CheckpointId.parse(id)), id.endsWith("1") ? 1 : 2);
  }

  /** Asks for the next, and returns once that is there or is being waited for. */
  CompletableFuture<CheckpointPublished> awaitedNext() {
    var next = new CompletableFuture<CheckpointPublished>();
    awaited = next;
    var loader =
        new Thread(
            () -> {
              try {
                catalog.next().ifPresent(next::complete); // nothing once the catalog is closed
              } catch (InterruptedException e) {
                next.completeExceptionally(e);
              }
            });
    loader.setDaemon(true);
    loader.start();
    await()
        .until(
            () ->
                next.isDone()
                    || loader.getState() == Thread.State.WAITING
                    || loader.getState() == Thread.State.TIMED_WAITING);
    return next;
  }

  CheckpointPublished next() {
    try {
      return catalog.next().orElseThrow();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  ServedModel lease(String name) {
    return leaseWithin(name, AT_ONCE);
  }

  ServedModel leaseWithin(String name, Duration patience) {
    try {
      return catalog.lease(name, EITHER, ONE, patience);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  List<String> states() {
    return catalog.list().stream()
        .map(m -> m.getCheckpointId() + " " + m.getState() + " " + m.getAliasesList())
        .toList();
  }

  /** A clock that a test moves. */
  static final class TickingClock extends Clock {
    volatile Instant now = Instant.EPOCH;

    void pass(Duration time) {
      now = now.plus(time);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneOffset getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
