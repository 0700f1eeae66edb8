package io.quartet.gateway;

import static io.quartet.v1.ModelState.MODEL_STATE_AVAILABLE;
import static io.quartet.v1.ModelState.MODEL_STATE_DRAINING;
import static io.quartet.v1.ModelState.MODEL_STATE_FAILED;
import static io.quartet.v1.ModelState.MODEL_STATE_READY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Route;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Which models are in memory when not all of them fit. */
class ModelMemoryTest extends CatalogFixture {
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
    String megabytes = String.format(Locale.ROOT, "%.1f MB", MODEL / 1e6);

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
    assertThat(small.lease("rl", EITHER, ONE, AT_ONCE).checkpoint().id()).hasToString("rl/r/1");
    small.close();
  }

  @Test
  void aNameMeansItsNewestAlsoWhenThatMadeRoomAndAnOlderOneIsThere() throws InterruptedException {
    evictTheNewestBesideAnOlderOne();

    var leased = CompletableFuture.supplyAsync(() -> leaseWithin("rl", Duration.ofSeconds(20)));
    loadNext();

    assertThat(leased.join().checkpoint().id()).hasToString("rl/r/2");
  }

  @Test
  void aNameWhoseNewestCannotComeBackMeansTheNextThatIsThere() throws InterruptedException {
    evictTheNewestBesideAnOlderOne();

    var leased = CompletableFuture.supplyAsync(() -> leaseWithin("rl", Duration.ofSeconds(20)));
    catalog.failed(next(), new QuartetException(ErrorCode.DATA_LOSS, "broken"), 0);

    assertThat(leased.join().checkpoint().id()).hasToString("rl/r/1");
    assertThat(catalog.get("rl/r/1").getAliasesList()).containsExactly("rl");
  }

  @Test
  void nobodyMakesRoomThatWouldNotBeEnough() throws InterruptedException {
    serve("base/r/1", 1);
    serve("rl/r/1", 1);
    announce("rl/r/2", 2);

    assertThatThrownBy(() -> catalog.reserve(next(), 3 * MODEL))
        .hasMessageContaining(
            "takes %.1f MB beside the %.1f MB of".formatted(3 * MODEL / 1e6, MODEL / 1e6));

    assertThat(catalog.get("base/r/1").getState()).isEqualTo(MODEL_STATE_READY);
  }

  @Test
  void whatHadNoRoomBesideOthersIsTriedAgainOnceTheyHaveGone() throws InterruptedException {
    serve("rl/r/1", 1);
    announce("rl/r/2", 2);
    refuse(next(), 3 * MODEL);
    serve("base/r/1", 1);
    serve("sft/r/1", 1);
    assertThat(catalog.get("rl/r/2").getState()).isEqualTo(MODEL_STATE_FAILED);

    announce("base/r/2", 2); // beside base/r/1, so rl/r/1 goes
    loadNext();

    assertThat(catalog.get("rl/r/2").getState()).isEqualTo(MODEL_STATE_AVAILABLE);
    assertThat(next().getCheckpointId()).isEqualTo("rl/r/2");
  }

  @Test
  void whatHadNoRoomBesideACanaryIsTriedAgainOnceThatIsNone() throws InterruptedException {
    announce("rl/r/1", 1);
    serve("rl/r/2", 2);
    catalog.route(
        Route.newBuilder().setAlias("rl").setCanary("rl/r/1").setCanaryPercent(10).build());
    loadNext();
    announce("rl/r/3", 3);
    refuse(next(), 2 * MODEL);

    catalog.route(Route.newBuilder().setAlias("rl").build());

    assertThat(next().getCheckpointId()).isEqualTo("rl/r/3");
  }

  /** It has made room for a checkpoint of another stage; then somebody asked for an older one. */
  private void evictTheNewestBesideAnOlderOne() throws InterruptedException {
    announce("rl/r/1", 1);
    serve("rl/r/2", 2);
    serve("base/r/1", 1);
    serve("sft/r/1", 1);
    announce("sft/r/0", 0);
    loadAskedFor("sft/r/0");
    loadAskedFor("rl/r/1");
    assertThat(states())
        .containsExactly(
            "base/r/1 MODEL_STATE_READY [base]",
            "sft/r/1 MODEL_STATE_READY [sft]",
            "sft/r/0 MODEL_STATE_AVAILABLE []",
            "rl/r/2 MODEL_STATE_AVAILABLE [rl]",
            "rl/r/1 MODEL_STATE_READY []");
  }

  private void refuse(CheckpointPublished announcement, long bytes) {
    QuartetException refusal =
        catchThrowableOfType(QuartetException.class, () -> catalog.reserve(announcement, bytes));
    assertThat(refusal.code()).isEqualTo(ErrorCode.FAILED_PRECONDITION);
    catalog.failed(announcement, refusal, 0);
  }

  private void loadAskedFor(String id) throws InterruptedException {
    var leased = CompletableFuture.supplyAsync(() -> leaseWithin(id, Duration.ofSeconds(20)));
    loadNext();
    leased.join().release(1);
  }
}
