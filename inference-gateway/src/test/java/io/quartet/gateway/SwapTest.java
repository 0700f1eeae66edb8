package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.ModelState;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** New weights again and again while requests never stop coming. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class SwapTest extends GatewayFixture {
  private static final int CALLERS = 3; // as many as find room at any time
  private static final int WEIGHTS = 6;

  @Test
  void whileWeightsChangeNoRequestFailsAndEachAnswerIsThatOfItsWeights() throws Exception {
    publish(1);
    Set<String> answers = ConcurrentHashMap.newKeySet();
    var stop = new AtomicBoolean();
    List<CompletableFuture<Void>> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      callers.add(
          CompletableFuture.runAsync(
              () -> {
                while (!stop.get()) {
                  GenerateResponse answer = generate().generate(complete("base", "q", GREEDY));
                  answers.add(answer.getCheckpointId() + " says " + answer.getText());
                }
              }));
    }
    for (int i = 2; i <= WEIGHTS; i++) {
      publish(i);
      String newest = answer(i);
      await().until(() -> answers.contains(newest));
    }
    stop.set(true);

    for (CompletableFuture<Void> caller : callers) {
      caller.get(60, SECONDS); // throws what failed
    }
    assertThat(answers)
        .isEqualTo(
            IntStream.rangeClosed(1, WEIGHTS)
                .mapToObj(SwapTest::answer)
                .collect(Collectors.toSet()));
  }

  private void publish(int i) {
    training().announce(ScriptedModels.publish(training().store(), "base/swap/" + i, "q" + i));
    await().until(() -> state("base/swap/" + i) == ModelState.MODEL_STATE_READY);
  }

  private static String answer(int i) {
    return "base/swap/%d says %d".formatted(i, i);
  }
}
