package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.decoder.Generation;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class GatewayMetricsTest extends CatalogFixture {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final GatewayMetrics metrics = new GatewayMetrics(registry);

  @Test
  void timesBeginWithTheRequestAndNotWithTheDecoder() {
    ServedModel model = open("rl/r/1");
    long asked = System.nanoTime() - Duration.ofMinutes(1).toNanos();

    answered(model, asked);

    for (String name :
        List.of("gen_ai.server.time_to_first_token", "gen_ai.server.request.duration")) {
      assertThat(registry.get(name).timer().totalTime(TimeUnit.SECONDS)).isGreaterThan(59);
    }
    model.retire(() -> {});
  }

  @Test
  void aRefusalCountsForItsModelWhileThatIsInMemory() {
    ServedModel model = open("rl/r/1");
    Runnable freed = metrics.observe(model);
    metrics.refused("rl/r/1", ErrorCode.RESOURCE_EXHAUSTED);
    metrics.refused("rl/unknown/1", ErrorCode.NOT_FOUND);

    assertThat(registry.get("quartet.gateway.requests").tag("model", "rl/r/1").counter().count())
        .isEqualTo(1);
    assertThat(registry.get("quartet.gateway.requests").tag("model", "none").counter().count())
        .isEqualTo(1);
    freed.run();
    model.retire(() -> {});
  }

  @Test
  void aModelThatIsFreedKeepsItsCountsUntilOthersFollowed() {
    serveAndFree("rl/r/1");
    assertThat(names("rl/r/1"))
        .contains("quartet.gateway.requests", "gen_ai.server.request.duration")
        .doesNotContain("quartet.gateway.requests.running");

    for (int i = 2; i <= FreedModels.KEPT; i++) {
      serveAndFree("rl/r/" + i);
    }
    assertThat(names("rl/r/1")).isNotEmpty();
    serveAndFree("rl/r/100");

    assertThat(names("rl/r/1")).isEmpty();
    assertThat(names("rl/r/2")).isNotEmpty();
  }

  @Test
  void aModelThatCameBackGoesOnCounting() {
    serveAndFree("rl/r/1");
    ServedModel back = open("rl/r/1");
    Runnable freed = metrics.observe(back);
    for (int i = 2; i <= FreedModels.KEPT + 2; i++) {
      serveAndFree("rl/r/" + i);
    }

    assertThat(names("rl/r/1")).contains("quartet.gateway.requests");
    freed.run();
    back.retire(() -> {});
  }

  private void serveAndFree(String id) {
    ServedModel model = open(id);
    model.whenFreed(metrics.observe(model));
    answered(model, System.nanoTime());
    model.retire(() -> {});
  }

  private void answered(ServedModel model, long asked) {
    GatewayMetrics.Request request = metrics.begin(model, Terms.CHAT, 3, asked);
    request.token();
    request.firstToken();
    var none = Optional.of(Duration.ZERO);
    request.decoded("STOP", 1, new Generation.Effort(Duration.ZERO, none, none, 0));
  }

  private ServedModel open(String id) {
    Checkpoint checkpoint =
        store
            .find(CheckpointId.parse(id))
            .orElseGet(() -> ScriptedModels.publish(store, id, "abc"));
    return ServedModel.open(checkpoint, OPTIONS, Optional.empty(), ROOM);
  }

  private List<String> names(String model) {
    return registry.getMeters().stream()
        .map(Meter::getId)
        .filter(
            id ->
                model.equals(id.getTag(FreedModels.MODEL))
                    || model.equals(id.getTag(FreedModels.RESPONSE_MODEL)))
        .map(Meter.Id::getName)
        .toList();
  }
}
