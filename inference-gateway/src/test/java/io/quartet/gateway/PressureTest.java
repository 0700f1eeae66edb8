package io.quartet.gateway;

import static io.quartet.v1.FinishReason.FINISH_REASON_LENGTH;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Context;
import io.grpc.Status;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.CountTokensRequest;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.Priority;
import io.quartet.v1.TokenizerServiceGrpc;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Readers who leave, readers who stop reading, and too many of them. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class PressureTest extends GatewayFixture {
  @Test
  void aCancelledStreamGivesItsSlotToTheNextAndOneTooManyIsTurnedAway() throws Exception {
    List<Context.CancellableContext> callers = new ArrayList<>();
    for (int i = 0; i < SmallGateway.SLOTS; i++) {
      Context.CancellableContext caller = Context.current().withCancellation();
      callers.add(caller);
      Iterator<GenerateChunk> chunks =
          caller.call(() -> generate().generateStream(complete("rl", "!", GREEDY)));
      chunks.next();
      chunks.next();
    }
    List<CompletableFuture<GenerateResponse>> waiting = new ArrayList<>();
    for (int i = 0; i < SmallGateway.WAITING; i++) {
      waiting.add(
          CompletableFuture.supplyAsync(() -> generate().generate(complete("rl", "x", GREEDY))));
    }
    await()
        .until(
            () -> meter("quartet_gateway_requests_waiting{model=\"rl/long/1\",stage=\"rl\"} 2.0"));

    assertStatus(
        () -> generate().generate(complete("rl", "x", GREEDY)),
        Status.Code.RESOURCE_EXHAUSTED,
        "model 'rl/long/1': 4 requests under way, expected at most 4; try again later");
    assertThat(waiting).noneMatch(CompletableFuture::isDone);
    assertThat(
            meter(
                "quartet_gateway_requests_total{model=\"rl/long/1\","
                    + "outcome=\"RESOURCE_EXHAUSTED\",stage=\"rl\"}"))
        .as("overload is seen at its model")
        .isTrue();
    assertThat(tokenizer().countTokens(count("rl", "x")).getTokens())
        .as("counting waits for no slot")
        .isEqualTo(1);
    assertThat(meter("quartet_gateway_calls_total{outcome=\"OK\",service=\"tokenizer\"}")).isTrue();
    callers.get(0).cancel(null);

    assertThat(waiting)
        .allSatisfy(answer -> assertThat(answer.get(20, SECONDS).getText()).isEqualTo("yz"));
    callers.get(1).cancel(null);
    await()
        .until(
            () ->
                meter(
                    "quartet_gateway_requests_total{model=\"rl/long/1\",outcome=\"CANCELLED\",stage=\"rl\"}"));
  }

  @Test
  void batchRequestsLeaveRoomInTheQueue() throws Exception {
    List<Context.CancellableContext> callers = new ArrayList<>();
    var batch =
        complete("rl", "!", GREEDY).toBuilder().setPriority(Priority.PRIORITY_BATCH).build();
    for (int i = 0; i < SmallGateway.SLOTS + SmallGateway.WAITING / 2; i++) {
      Context.CancellableContext caller = Context.current().withCancellation();
      callers.add(caller);
      caller.run(() -> generate().generateStream(batch));
    }
    await()
        .until(
            () -> meter("quartet_gateway_requests_waiting{model=\"rl/long/1\",stage=\"rl\"} 1.0"));

    assertStatus(
        () -> generate().generate(batch),
        Status.Code.RESOURCE_EXHAUSTED,
        "model 'rl/long/1': 3 requests under way, expected at most 3 for priority batch; try");
    var interactive =
        CompletableFuture.supplyAsync(() -> generate().generate(complete("rl", "x", GREEDY)));
    await()
        .until(
            () -> meter("quartet_gateway_requests_waiting{model=\"rl/long/1\",stage=\"rl\"} 2.0"));
    callers.subList(0, 2).forEach(caller -> caller.cancel(null)); // one at least grows
    assertThat(interactive.get(20, SECONDS).getText()).isEqualTo("yz");
    callers.forEach(caller -> caller.cancel(null));
  }

  @Test
  void aReaderThatStopsReadingHoldsNoSlotAndMissesNothing() throws Exception {
    int tokens = 10_000; // some 2 MB of chunks, more than the wire holds unread
    var sampling = GREEDY.toBuilder().setMaxTokens(tokens).setTopLogProbs(20).build();
    Iterator<GenerateChunk> chunks = generate().generateStream(complete("rl", "!", sampling));
    chunks.next();
    await()
        .atMost(60, SECONDS)
        .until(
            () -> meter("quartet_gateway_requests_running{model=\"rl/long/1\",stage=\"rl\"} 0.0"));

    assertThat(meter("quartet_gateway_unread_tokens 0.0")).as("all is read").isFalse();
    List<GenerateChunk> rest = new ArrayList<>();
    chunks.forEachRemaining(rest::add);

    assertThat(rest.stream().map(GenerateChunk::getText).collect(Collectors.joining()))
        .isEqualTo("!".repeat(tokens));
    assertThat(rest.get(rest.size() - 1).getFinishReason()).isEqualTo(FINISH_REASON_LENGTH);
    assertThat(rest.size()).as("unread tokens came together").isLessThan(tokens);
    await().until(() -> meter("quartet_gateway_unread_tokens 0.0"));
  }

  private TokenizerServiceGrpc.TokenizerServiceBlockingStub tokenizer() {
    return TokenizerServiceGrpc.newBlockingStub(channel()).withDeadlineAfter(60, SECONDS);
  }

  private static CountTokensRequest count(String model, String text) {
    return CountTokensRequest.newBuilder().setModel(model).setText(text).build();
  }
}
