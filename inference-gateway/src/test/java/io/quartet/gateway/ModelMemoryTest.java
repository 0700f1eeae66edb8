package io.quartet.gateway;

import static io.quartet.v1.ModelState.MODEL_STATE_DRAINING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.CheckpointPublished;
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

  private void loadAskedFor(String id) throws InterruptedException {
    var leased = CompletableFuture.supplyAsync(() -> leaseWithin(id, Duration.ofSeconds(20)));
    loadNext();
    leased.join().release(1);
  }
}
