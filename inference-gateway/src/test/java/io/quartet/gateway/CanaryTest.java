package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.ModelState;
import io.quartet.v1.Route;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two checkpoints behind one name. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class CanaryTest extends GatewayFixture {
  private static final int USERS = 32; // all on one side once in 2³¹ draws

  @AfterEach
  void theNewestAgain() {
    models().setRoute(Route.newBuilder().setAlias("base").build());
  }

  @Test
  void aUserKeepsItsWeightsWhicheverMethodItCalls() {
    publish("base/steady/1");
    publish("base/canary/1");
    models()
        .setRoute(
            Route.newBuilder()
                .setAlias("base")
                .setPinned("base/steady/1")
                .setCanary("base/canary/1")
                .setCanaryPercent(50)
                .build());
    ready("base/steady/1"); // it had made room for the newer one

    List<String> completed =
        ids(
            user ->
                generate()
                    .generate(complete("base", "x", GREEDY).toBuilder().setUser(user).build())
                    .getCheckpointId());
    List<String> chatted =
        ids(
            user ->
                chat()
                    .chat(ask("base", GREEDY).toBuilder().setUser(user).build())
                    .getCheckpointId());

    assertThat(completed).contains("base/steady/1", "base/canary/1");
    assertThat(chatted).isEqualTo(completed);
  }

  private static List<String> ids(UnaryOperator<String> idFor) {
    return IntStream.range(0, USERS).mapToObj(i -> idFor.apply("user " + i)).toList();
  }

  private void publish(String id) {
    training().announce(ScriptedModels.publish(training().store(), id, "xy"));
    ready(id);
  }

  private void ready(String id) {
    await().until(() -> state(id) == ModelState.MODEL_STATE_READY);
  }
}
