package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.Model;
import io.quartet.v1.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Which checkpoint a stage's name stands for when somebody has said so. */
class RoutesTest extends CatalogFixture {
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
  void aPinBringsBackWhatHasMadeRoom() throws InterruptedException {
    announce("rl/r/1", 1);
    serve("rl/r/2", 2);
    askFor("rl/r/1");
    serve("base/r/1", 1);
    serve("sft/r/1", 1); // instead of rl/r/1

    route("rl", "rl/r/1", "", 0);

    assertThat(leaseOf("rl", EITHER)).as("until it is loaded").isEqualTo("rl/r/2");
    loadNext();
    assertThat(leaseOf("rl", EITHER)).isEqualTo("rl/r/1");
  }

  @Test
  void withoutItsPinANameGetsBackTheNewestThatHasMadeRoom() throws InterruptedException {
    serve("rl/r/1", 1);
    route("rl", "rl/r/1", "", 0);
    announce("rl/r/2", 2);
    askFor("rl/r/2");
    serve("base/r/1", 1);
    serve("sft/r/1", 1); // instead of rl/r/2

    route("rl", "", "", 0);

    assertThat(leaseOf("rl", EITHER)).as("until it is loaded").isEqualTo("rl/r/1");
    loadNext();
    assertThat(leaseOf("rl", EITHER)).isEqualTo("rl/r/2");
  }

  @Test
  void aCanaryThatHasMadeRoomComesBackWhenARequestIsItsAndNoRequestFails()
      throws InterruptedException {
    serve("rl/r/1", 1);
    announce("rl/r/2", 2);
    route("rl", "rl/r/1", "rl/r/2", 100);
    loadNext();
    serve("base/r/1", 1);
    leaseOf("rl/r/1", EITHER);
    serve("sft/r/1", 1); // instead of rl/r/2
    assertThat(awaitedNext()).as("before anybody asks").isNotDone();

    assertThat(leaseOf("rl", EITHER)).isEqualTo("rl/r/1");
    load(awaited.join());
    assertThat(leaseOf("rl", EITHER)).isEqualTo("rl/r/2");
  }

  @Test
  void aWatcherHearsWhoseShareACanaryChangesAndOfNobodyElse() throws InterruptedException {
    announce("rl/r/0", 0);
    serve("rl/r/1", 1);
    announce("rl/r/2", 2);
    route("rl", "rl/r/1", "rl/r/2", 10);
    List<String> heard = new ArrayList<>();
    catalog.watch(model -> heard.add(model.getCheckpointId() + " " + model.getTrafficPercent()));
    heard.clear();

    loadNext();

    assertThat(heard).containsExactly("rl/r/2 0", "rl/r/2 10", "rl/r/1 90");
    heard.clear();
    route("rl", "rl/r/2", "", 0);
    assertThat(heard).containsExactly("rl/r/2 100", "rl/r/1 0", "rl/r/1 0");
  }

  @Test
  void filesAreKeptOfWhatIsInMemoryOrOfARouteAndOfTheTwoNewest() throws InterruptedException {
    for (int step = 0; step < 5; step++) {
      announce("rl/r/" + step, step);
    }
    assertThat(kept()).as("before the newest are known").hasSize(5);
    catalog.caughtUp();
    loadNext();
    assertThat(kept()).containsExactly("rl/r/4", "rl/r/3");

    route("rl", "rl/r/0", "", 0);
    loadNext();
    askFor("rl/r/1");

    assertThat(kept()).containsExactly("rl/r/4", "rl/r/3", "rl/r/1", "rl/r/0");
  }

  private List<String> kept() {
    return catalog.list().stream()
        .map(Model::getCheckpointId)
        .filter(id -> catalog.worthKeeping(CheckpointId.parse(id)))
        .toList();
  }

  @Test
  void aWrongRouteIsRefused() {
    announce("rl/r/1", 1);
    announce("sft/r/1", 1);
    Route route = Route.newBuilder().setAlias("rl").setPinned("rl/r/1").build();

    assertRefused(route.toBuilder().setAlias("gpt"), "route: alias 'gpt', expected base,");
    assertRefused(
        route.toBuilder().setCanary("sft/r/1").setCanaryPercent(5), "route of 'rl': 'sft/r/1'");
    assertRefused(route.toBuilder().setPinned("rl/r/9"), "no model 'rl/r/9'; there are");
    assertRefused(route.toBuilder().setCanaryPercent(5), "route: canary_percent 5 and no canary");
    assertRefused(
        route.toBuilder().setPinned("").setCanary("rl/r/1").setCanaryPercent(101),
        "route: canary_percent 101, expected 1 to 100");
  }

  @Test
  void aRouteCountsOnceItsCheckpointIsAnnounced() throws InterruptedException {
    route("rl", "rl/r/1", "", 0);
    announce("rl/r/2", 2);
    announce("rl/r/1", 1);
    catalog.caughtUp();

    loadNext();

    assertThat(leaseOf("rl", EITHER)).isEqualTo("rl/r/1");
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

  private void assertRefused(Route.Builder route, String why) {
    assertThatThrownBy(() -> catalog.check(route.build()))
        .isInstanceOf(QuartetException.class)
        .hasMessageStartingWith(why);
  }

  private void askFor(String id) throws InterruptedException {
    var leased = CompletableFuture.supplyAsync(() -> leaseWithin(id, Duration.ofSeconds(20)));
    loadNext();
    leased.join().release(1);
  }

  private String leaseOf(String name, Sticky sticky) throws InterruptedException {
    ServedModel model = catalog.lease(name, sticky, ONE, AT_ONCE);
    model.release(1);
    return model.checkpoint().id().toString();
  }
}
