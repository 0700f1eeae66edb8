package io.quartet.gateway;

import static io.quartet.v1.ModelState.MODEL_STATE_AVAILABLE;
import static io.quartet.v1.ModelState.MODEL_STATE_DRAINING;
import static io.quartet.v1.ModelState.MODEL_STATE_FAILED;
import static io.quartet.v1.ModelState.MODEL_STATE_LOADING;
import static io.quartet.v1.ModelState.MODEL_STATE_READY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Timestamp;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.DecoderMemory;
import io.quartet.decoder.DecoderOptions;
import io.quartet.service.CheckpointAnnouncement;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Model;
import io.quartet.v1.Route;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCatalogTest {
  private static final DecoderOptions OPTIONS = new DecoderOptions(2, 1);
  private static final Duration AT_ONCE = Duration.ZERO;
  private static final Sticky EITHER = new Sticky("anybody");
  private static final WaitingRoom ROOM = new WaitingRoom(3, 1_000_000);

  /** What a model of the tests holds in memory. */
  private static final long MODEL =
      DecoderMemory.of(ScriptedModels.config(ScriptedModels.CONTEXT), OPTIONS);

  @TempDir Path folder;
  private final TickingClock clock = new TickingClock();
  private final ModelCatalog catalog = catalog(3 * MODEL);
  private CheckpointStore store;
  private CompletableFuture<CheckpointPublished> awaited = new CompletableFuture<>();

  @BeforeEach
  void openStore() {
    store = new CheckpointStore(folder);
  }

  @AfterEach
  void free() {
    catalog.close();
  }

  @Test
  void aStagesNameIsItsLatestPublishedCheckpointAcrossRuns() throws InterruptedException {
    announce("rl/second/5", 20);
    announce("rl/first/900", 10);
    catalog.caughtUp();

    loadNext();

    assertThat(lease("rl").checkpoint().id()).hasToString("rl/second/5");
    assertThat(states())
        .containsExactly(
            "rl/second/5 MODEL_STATE_READY [rl]", "rl/first/900 MODEL_STATE_AVAILABLE []");
  }

  @Test
  void nothingIsLoadedBeforeTheNewestIsKnown() throws InterruptedException {
    announce("base/r/1", 1);
    CompletableFuture<CheckpointPublished> next = awaitedNext();
    assertThat(next).isNotDone();
    announce("base/r/2", 2);
    catalog.caughtUp();

    assertThat(next.join().getCheckpointId()).isEqualTo("base/r/2");
    assertThat(catalog.settled()).isFalse();
  }

  @Test
  void aNewerCheckpointTakesTheNameAndTheOldOneEndsWhatItHasBegun() throws InterruptedException {
    serve("sft/r/1", 1);
    ServedModel old = lease("sft");

    serve("sft/r/2", 2);

    assertThat(lease("sft").checkpoint().id()).hasToString("sft/r/2");
    assertThat(old.engine().generate(List.of(new int[] {6}), List.of(greedy())).get(0).weights())
        .isEqualTo("sft/r/1");
    assertThat(catalog.get("sft/r/1").getState()).isEqualTo(MODEL_STATE_DRAINING);
    old.release(1);
    assertThat(catalog.get("sft/r/1").getState()).isEqualTo(MODEL_STATE_AVAILABLE);
  }

  @Test
  void aCheckpointThatCannotBeLoadedSaysWhyAndTheOldOneStays() throws InterruptedException {
    serve("sft/r/1", 1);
    announce("sft/r/2", 2);

    catalog.failed(
        next(), new QuartetException(ErrorCode.DATA_LOSS, "weights: 3 bytes, expected 4"), 0);

    assertThat(lease("sft").checkpoint().id()).hasToString("sft/r/1");
    assertThat(catalog.get("sft").getAliasesList()).containsExactly("sft");
    Model failed = catalog.get("sft/r/2");
    assertThat(failed.getState()).isEqualTo(MODEL_STATE_FAILED);
    assertThat(failed.getFailure()).isEqualTo("weights: 3 bytes, expected 4");
    assertThatThrownBy(() -> catalog.lease("sft/r/2", EITHER, Demand.LEAST, AT_ONCE))
        .hasMessage("weights: 3 bytes, expected 4");
  }

  @Test
  void withoutALoadableNewestTheNextNewestServes() throws InterruptedException {
    announce("base/r/1", 1);
    announce("base/r/2", 2);
    catalog.caughtUp();

    catalog.failed(next(), new QuartetException(ErrorCode.DATA_LOSS, "broken"), 0);
    loadNext();

    assertThat(lease("base").checkpoint().id()).hasToString("base/r/1");
  }

  @Test
  void aFailureThatMayPassIsTriedAgainLaterAndNoOther() throws InterruptedException {
    announce("base/r/1", 1);
    announce("rl/r/1", 1);
    catalog.caughtUp();
    catalog.failed(next(), new QuartetException(ErrorCode.UNAVAILABLE, "nobody there"), 0);
    catalog.failed(next(), new QuartetException(ErrorCode.INVALID_ARGUMENT, "no such shape"), 0);

    clock.pass(Duration.ofSeconds(11));

    assertThat(next().getCheckpointId()).isEqualTo("base/r/1");
    assertThat(awaitedNext()).isNotDone();
  }

  @Test
  void anOlderCheckpointIsLoadedWhenARequestNamesIt() throws InterruptedException {
    announce("rl/r/1", 1);
    serve("rl/r/2", 2);
    var leased = CompletableFuture.supplyAsync(() -> leaseWithin("rl/r/1", Duration.ofSeconds(20)));

    loadNext();

    assertThat(leased.join().checkpoint().id()).hasToString("rl/r/1");
    assertThat(lease("rl").checkpoint().id()).hasToString("rl/r/2");
  }

  @Test
  void theLeastRecentlyUsedMakesRoomBeforeWhatAStagesNameStandsFor() throws InterruptedException {
    announce("rl/r/1", 1);
    announce("rl/r/2", 2);
    announce("rl/r/3", 3);
    serve("rl/r/4", 4);
    for (String id : List.of("rl/r/1", "rl/r/2", "rl/r/3")) {
      loadAskedFor(id);
    }

    assertThat(states())
        .containsExactly(
            "rl/r/4 MODEL_STATE_READY [rl]",
            "rl/r/3 MODEL_STATE_READY []",
            "rl/r/2 MODEL_STATE_READY []",
            "rl/r/1 MODEL_STATE_AVAILABLE []");
  }

  @Test
  void aStagesModelThatMadeRoomComesBackWhenItIsAskedForAndNotBefore() throws InterruptedException {
    serve("base/r/1", 1);
    serve("sft/r/1", 1);
    serve("rl/r/1", 1);
    lease("sft").release(1);
    serve("rl/r/2", 2); // beside rl/r/1, which goes once it is there

    assertThat(states())
        .containsExactly(
            "base/r/1 MODEL_STATE_AVAILABLE [base]",
            "sft/r/1 MODEL_STATE_READY [sft]",
            "rl/r/2 MODEL_STATE_READY [rl]",
            "rl/r/1 MODEL_STATE_AVAILABLE []");
    assertThat(awaitedNext()).isNotDone();

    var leased = CompletableFuture.supplyAsync(() -> leaseWithin("base", Duration.ofSeconds(20)));
    load(awaited.join());
    assertThat(leased.join().checkpoint().id()).hasToString("base/r/1");
  }

  @Test
  void whatMakesRoomIsWaitedForWhileItEndsWhatItHasBegun() throws InterruptedException {
    serve("base/r/1", 1);
    serve("sft/r/1", 1);
    serve("rl/r/1", 1);
    ServedModel answering = lease("base");
    lease("sft").release(1);
    lease("rl").release(1);
    announce("rl/r/2", 2);
    CheckpointPublished next = next();
    var reserved =
        CompletableFuture.runAsync(
            () -> {
              try {
                catalog.reserve(next, MODEL);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });

    await().until(() -> catalog.get("base/r/1").getState() == MODEL_STATE_DRAINING);
    assertThat(reserved).isNotDone();
    answering.release(1);
    reserved.join();
  }

  @Test
  void aModelThatCanHaveNoRoomIsRefusedWithTheArithmetic() throws InterruptedException {
    announce("rl/r/1", 1);
    String megabytes = String.format(java.util.Locale.ROOT, "%.1f MB", MODEL / 1e6);

    assertThatThrownBy(() -> catalog(MODEL - 1).reserve(announcementOf("rl/r/1"), MODEL))
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED_PRECONDITION))
        .hasMessage(
            "model 'rl/r/1' takes %1$s, and quartet.gateway.memory is %1$s; raise it, or lower"
                    .formatted(megabytes)
                + " quartet.gateway.slots or .context");

    var small = catalog(MODEL + 1);
    small.announce(announcementOf("rl/r/1"));
    small.caughtUp();
    load(small, small.next().orElseThrow());
    announce("rl/r/2", 2);
    small.announce(announcementOf("rl/r/2"));
    CheckpointPublished second = small.next().orElseThrow();
    assertThatThrownBy(() -> small.reserve(second, MODEL))
        .hasMessage(
            "model 'rl/r/2' takes %1$s beside the %1$s of those that serve, and"
                    .formatted(megabytes)
                + " quartet.gateway.memory is %1$s; raise it, or lower quartet.gateway.slots or .context"
                    .formatted(megabytes));
    assertThat(small.lease("rl", EITHER, Demand.LEAST, AT_ONCE).checkpoint().id())
        .hasToString("rl/r/1");
    small.close();
  }

  @Test
  void aPinnedNameKeepsItsCheckpointWhateverIsAnnounced() throws InterruptedException {
    announce("rl/r/1", 1);
    serve("rl/r/2", 2);
    route("rl", "rl/r/1", "", 0);
    assertThat(lease("rl").checkpoint().id()).as("until it is loaded").hasToString("rl/r/2");
    loadNext();
    announce("rl/r/3", 3);

    assertThat(lease("rl").checkpoint().id()).hasToString("rl/r/1");
    assertThat(awaitedNext()).as("nothing newer is loaded").isNotDone();
    route("rl", "", "", 0);
    load(awaited.join());
    assertThat(lease("rl").checkpoint().id()).hasToString("rl/r/3");
  }

  @Test
  void aCanaryTakesItsShareOfTheUsersAndKeepsThem() throws InterruptedException {
    serve("rl/r/1", 1);
    route("rl", "rl/r/1", "", 0);
    announce("rl/r/2", 2);
    route("rl", "rl/r/1", "rl/r/2", 10);
    loadNext();

    List<String> first = new ArrayList<>();
    List<String> again = new ArrayList<>();
    for (int user = 0; user < 2000; user++) {
      first.add(leaseOf("rl", new Sticky("user " + user)));
      again.add(leaseOf("rl", new Sticky("user " + user)));
    }

    assertThat(again).isEqualTo(first);
    // 200 expected; the standard deviation is 13
    assertThat(first.stream().filter("rl/r/2"::equals).count()).isBetween(140L, 260L);
    assertThat(catalog.list())
        .extracting(Model::getCheckpointId, Model::getTrafficPercent, Model::getAliasesCount)
        .containsExactly(tuple("rl/r/2", 10, 0), tuple("rl/r/1", 90, 1));
    assertThat(leaseOf("rl/r/1", new Sticky("user 0"))).isEqualTo("rl/r/1");
  }

  @Test
  void aCanaryThatCannotBeLoadedGetsNoRequests() throws InterruptedException {
    serve("rl/r/1", 1);
    announce("rl/r/2", 2);
    catalog.failed(next(), new QuartetException(ErrorCode.DATA_LOSS, "broken"), 0);
    route("rl", "rl/r/1", "rl/r/2", 100);

    assertThat(lease("rl").checkpoint().id()).hasToString("rl/r/1");
  }

  @Test
  void aRouteOutlivesTheProcessAndAWrongOneIsRefused() throws InterruptedException {
    Path file = folder.resolve("routes.json");
    var kept = new ModelCatalog(new ModelMemory(MODEL), Routes.of(file), clock, () -> {});
    announce("rl/r/1", 1);
    announce("sft/r/1", 1);
    kept.announce(announcementOf("rl/r/1"));
    kept.announce(announcementOf("sft/r/1"));
    Route route = Route.newBuilder().setAlias("rl").setPinned("rl/r/1").build();
    kept.route(route);

    var again = new ModelCatalog(new ModelMemory(MODEL), Routes.of(file), clock, () -> {});
    assertThat(again.routes())
        .containsExactly(
            Route.newBuilder().setAlias("base").build(),
            Route.newBuilder().setAlias("sft").build(),
            route);
    assertRefused(kept, route.toBuilder().setAlias("gpt"), "route: alias 'gpt', expected base,");
    assertRefused(
        kept,
        route.toBuilder().setCanary("sft/r/1").setCanaryPercent(5),
        "route of 'rl': 'sft/r/1'");
    assertRefused(kept, route.toBuilder().setPinned("rl/r/9"), "no model 'rl/r/9'; there are");
    assertRefused(
        kept, route.toBuilder().setCanaryPercent(5), "route: canary_percent 5 and no canary");
    assertRefused(
        kept,
        route.toBuilder().setPinned("").setCanary("rl/r/1").setCanaryPercent(101),
        "route: canary_percent 101, expected 1 to 100");
    assertThat(kept.routes()).isEqualTo(again.routes());
  }

  @Test
  void anUnknownNameIsToldWhichModelsThereAre() throws InterruptedException {
    serve("sft/r/1", 1);
    announce("reward/r/1", 2);

    assertThatThrownBy(() -> catalog.lease("rl", EITHER, Demand.LEAST, AT_ONCE))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND))
        .hasMessage("no model 'rl'; there are sft, sft/r/1");
    assertThatThrownBy(() -> catalog.get("gpt-4"))
        .hasMessage("no model 'gpt-4'; there are sft, sft/r/1");
    assertThatThrownBy(() -> catalog.get(""))
        .hasMessage("model: no name, expected one of sft, sft/r/1");
  }

  @Test
  void aRewardModelIsNoModelToAsk() {
    announce("reward/r/1", 2);

    assertThat(catalog.list()).isEmpty();
    assertThatThrownBy(() -> catalog.lease("reward/r/1", EITHER, Demand.LEAST, AT_ONCE))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessage(
            "model 'reward/r/1' is a reward model, which scores answers and writes none; expected"
                + " one of none yet");
  }

  @Test
  void asManyRequestsAreLetInAsMayRunAndWait() throws InterruptedException {
    serve("rl/r/1", 1);
    for (int i = 0; i < 5; i++) {
      lease("rl");
    }

    assertThatThrownBy(() -> catalog.lease("rl", EITHER, Demand.LEAST, AT_ONCE))
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED))
        .hasMessage("model 'rl/r/1': 5 requests under way, expected at most 5; try again later");
  }

  @Test
  void aWatcherHearsOfEveryChange() throws InterruptedException {
    announce("rl/r/1", 1);
    List<String> heard = new ArrayList<>();
    Runnable end =
        catalog.watch(model -> heard.add(model.getState() + " " + model.getAliasesList()));
    catalog.caughtUp();
    loadNext();
    end.run();
    announce("rl/r/2", 2);

    assertThat(heard)
        .containsExactly(
            MODEL_STATE_AVAILABLE + " []",
            MODEL_STATE_LOADING + " []",
            MODEL_STATE_READY + " [rl]");
  }

  @Test
  void aCheckpointThatIsTrainedAgainIsLoadedAgain() throws InterruptedException {
    serve("rl/r/1", 1);
    Checkpoint again =
        ScriptedModels.publish(new CheckpointStore(folder.resolve("again")), "rl/r/1", "xyz");

    CheckpointPublished announcement = announcement(again, 3);
    catalog.announce(announcement);
    assertThat(next()).isEqualTo(announcement);
    catalog.reserve(announcement, MODEL);
    catalog.loaded(announcement, ServedModel.open(again, OPTIONS, Optional.empty(), ROOM));

    assertThat(lease("rl").checkpoint().digest()).isEqualTo(again.digest());
  }

  private void serve(String id, long published) throws InterruptedException {
    announce(id, published);
    catalog.caughtUp();
    loadNext();
  }

  private void announce(String id, long published) {
    Checkpoint checkpoint =
        id.startsWith("reward")
            ? ScriptedModels.publishReward(store, id)
            : ScriptedModels.publish(store, id, "abc");
    catalog.announce(announcement(checkpoint, published));
  }

  private static CheckpointPublished announcement(Checkpoint checkpoint, long published) {
    return CheckpointAnnouncement.of(checkpoint, "127.0.0.1:1").toBuilder()
        .setPublished(Timestamp.newBuilder().setSeconds(published))
        .build();
  }

  private ModelCatalog catalog(long bytes) {
    return new ModelCatalog(new ModelMemory(bytes), Routes.unkept(), clock, () -> {});
  }

  private void route(String alias, String pinned, String canary, int percent) {
    catalog.route(
        Route.newBuilder()
            .setAlias(alias)
            .setPinned(pinned)
            .setCanary(canary)
            .setCanaryPercent(percent)
            .build());
  }

  private static void assertRefused(ModelCatalog catalog, Route.Builder route, String why) {
    assertThatThrownBy(() -> catalog.route(route.build()))
        .isInstanceOf(QuartetException.class)
        .hasMessageStartingWith(why);
  }

  private String leaseOf(String name, Sticky sticky) throws InterruptedException {
    ServedModel model = catalog.lease(name, sticky, Demand.LEAST, AT_ONCE);
    model.release(1);
    return model.checkpoint().id().toString();
  }

  private void loadAskedFor(String id) throws InterruptedException {
    var leased = CompletableFuture.supplyAsync(() -> leaseWithin(id, Duration.ofSeconds(20)));
    loadNext();
    leased.join().release(1);
  }

  private void loadNext() throws InterruptedException {
    load(next());
  }

  private void load(CheckpointPublished next) throws InterruptedException {
    load(catalog, next);
  }

  private void load(ModelCatalog catalog, CheckpointPublished next) throws InterruptedException {
    var id = io.quartet.checkpoint.CheckpointId.parse(next.getCheckpointId());
    catalog.reserve(next, MODEL);
    catalog.loaded(next, ServedModel.open(store.get(id), OPTIONS, Optional.empty(), ROOM));
  }

  private CheckpointPublished announcementOf(String id) {
    return announcement(
        store.get(io.quartet.checkpoint.CheckpointId.parse(id)), id.endsWith("1") ? 1 : 2);
  }

  /** Asks for the next, and returns once that is there or is being waited for. */
  private CompletableFuture<CheckpointPublished> awaitedNext() {
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

  private CheckpointPublished next() {
    try {
      return catalog.next().orElseThrow();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private ServedModel lease(String name) {
    return leaseWithin(name, AT_ONCE);
  }

  private ServedModel leaseWithin(String name, Duration patience) {
    try {
      return catalog.lease(name, EITHER, Demand.LEAST, patience);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<String> states() {
    return catalog.list().stream()
        .map(m -> m.getCheckpointId() + " " + m.getState() + " " + m.getAliasesList())
        .toList();
  }

  private static io.quartet.decoder.SamplingParams greedy() {
    return io.quartet.decoder.SamplingParams.greedy(1);
  }

  /** A clock that a test moves. */
  private static final class TickingClock extends Clock {
    private volatile Instant now = Instant.EPOCH;

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
    public Clock withZone(java.time.ZoneId zone) {
      return this;
    }
  }
}
