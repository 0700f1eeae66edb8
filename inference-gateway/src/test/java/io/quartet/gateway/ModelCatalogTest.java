package io.quartet.gateway;

import static io.quartet.v1.ModelState.MODEL_STATE_AVAILABLE;
import static io.quartet.v1.ModelState.MODEL_STATE_DRAINING;
import static io.quartet.v1.ModelState.MODEL_STATE_FAILED;
import static io.quartet.v1.ModelState.MODEL_STATE_LOADING;
import static io.quartet.v1.ModelState.MODEL_STATE_READY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.SamplingParams;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Model;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ModelCatalogTest extends CatalogFixture {
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
  void aNameGoesOnThoughNewerOnesAreAnnouncedFasterThanTheyAreLoaded() throws InterruptedException {
    serve("sft/r/1", 1);
    announce("sft/r/2", 2);
    CheckpointPublished second = next();
    announce("sft/r/3", 3);

    load(second);

    assertThat(lease("sft").checkpoint().id()).hasToString("sft/r/2");
    assertThat(states())
        .containsExactly(
            "sft/r/3 MODEL_STATE_AVAILABLE []",
            "sft/r/2 MODEL_STATE_READY [sft]",
            "sft/r/1 MODEL_STATE_AVAILABLE []");
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
    assertThatThrownBy(() -> catalog.lease("sft/r/2", EITHER, ONE, AT_ONCE))
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
  void anUnknownNameIsToldWhichModelsThereAre() throws InterruptedException {
    serve("sft/r/1", 1);
    announce("reward/r/1", 2);

    assertThatThrownBy(() -> catalog.lease("rl", EITHER, ONE, AT_ONCE))
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
    assertThatThrownBy(() -> catalog.lease("reward/r/1", EITHER, ONE, AT_ONCE))
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

    assertThatThrownBy(() -> catalog.lease("rl", EITHER, ONE, AT_ONCE))
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

  private static SamplingParams greedy() {
    return SamplingParams.greedy(1);
  }
}
