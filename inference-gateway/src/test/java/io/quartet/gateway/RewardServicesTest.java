package io.quartet.gateway;

import static io.quartet.gateway.GatewayFixture.assertStatus;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.BindableService;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quartet.gateway.access.Caller;
import io.quartet.service.GrpcChannels;
import io.quartet.service.GrpcErrors;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RewardServiceGrpc;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreResponse;
import io.quartet.v1.ScoreServiceGrpc;
import io.quartet.v1.ScoredSequence;
import io.quartet.v1.Stage;
import io.quartet.v1.TokenIds;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The gateway between callers and a reward service that answers when the test says so. */
class RewardServicesTest {
  private static final int MOST = 32;
  private static final ScoreResponse ANSWER =
      ScoreResponse.newBuilder().setRewardId("reward/r/1").addRewards(1.5f).build();

  @TempDir Path folder;

  private final LinkedBlockingQueue<StreamObserver<ScoreResponse>> asked =
      new LinkedBlockingQueue<>();
  private final Intake intake = new Intake(1L << 30);
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final RewardServices rewards = new RewardServices(intake, new GatewayMetrics(registry));
  private Caller caller = Caller.ANYBODY;
  private Server away;
  private Server gateway;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    away =
        serve(
            new RewardServiceGrpc.RewardServiceImplBase() {
              @Override
              public void score(ScoreRequest request, StreamObserver<ScoreResponse> answers) {
                asked.add(answers);
              }
            });
    gateway =
        serve(
            new ScoreEndpoint(null, rewards) {
              @Override
              public void rewards(ScoreRequest request, StreamObserver<ScoreResponse> responses) {
                caller.run(() -> super.rewards(request, responses));
              }
            });
    channel = GrpcChannels.open("127.0.0.1:" + gateway.getPort());
    rewards.announce(
        CheckpointPublished.newBuilder()
            .setCheckpointId("reward/r/1")
            .setStage(Stage.STAGE_REWARD)
            .setEndpoint("127.0.0.1:" + away.getPort())
            .build());
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    gateway.shutdownNow();
    rewards.close();
    away.shutdownNow();
  }

  @Test
  void whatWaitsForAHangingServiceIsBoundedAndTheRestIsToldToComeAgain() throws Exception {
    List<ListenableFuture<ScoreResponse>> waiting = new ArrayList<>();
    for (int i = 0; i < MOST; i++) {
      waiting.add(ScoreServiceGrpc.newFutureStub(channel).rewards(request(1)));
    }
    await()
        .untilAsserted(
            () -> {
              assertThat(waiting).as("still waiting").noneMatch(ListenableFuture::isDone);
              assertThat(asked).hasSize(MOST);
            });

    assertStatus(
        () -> score(1),
        Status.Code.RESOURCE_EXHAUSTED,
        "rewards: 32 requests wait for reward services, expected at most 32; try again later");
    answerAll();
    for (ListenableFuture<ScoreResponse> answer : waiting) {
      assertThat(answer.get(20, SECONDS)).isEqualTo(ANSWER);
    }
    await().until(() -> counted("OK") == MOST);
    assertThat(counted("RESOURCE_EXHAUSTED")).isEqualTo(1);
  }

  @Test
  void whoLeavesGivesThePlaceBack() {
    for (int i = 0; i < MOST; i++) {
      ScoreServiceGrpc.newFutureStub(channel).rewards(request(1));
    }
    await().until(() -> asked.size() == MOST);

    channel.shutdownNow();

    await().until(() -> counted("CANCELLED") == MOST);
  }

  @Test
  void whileTheGatewayDrainsNothingIsPassedOn() {
    intake.close();

    assertStatus(() -> score(1), Status.Code.UNAVAILABLE, "the gateway is shutting down");
    assertThat(asked).isEmpty();
    assertThat(counted("UNAVAILABLE")).isEqualTo(1);
  }

  @Test
  void tokensAreChargedAndGivenBackWhereThereIsNoAnswer() throws Exception {
    caller = MeteredKey.allowing(100, folder);
    ListenableFuture<ScoreResponse> failing =
        ScoreServiceGrpc.newFutureStub(channel).rewards(request(100));
    asked.take().onError(Status.UNAVAILABLE.withDescription("loading").asRuntimeException());
    await().until(failing::isDone);

    ListenableFuture<ScoreResponse> answered =
        ScoreServiceGrpc.newFutureStub(channel).rewards(request(100));
    answer(asked.take());

    assertThat(answered.get(20, SECONDS)).isEqualTo(ANSWER);
    assertStatus(
        () -> score(1),
        Status.Code.RESOURCE_EXHAUSTED,
        "key 'metered': its tokens of this minute are used up; try again in 1 s");
  }

  private void answerAll() {
    while (!asked.isEmpty()) {
      answer(asked.remove());
    }
  }

  private static void answer(StreamObserver<ScoreResponse> caller) {
    caller.onNext(ANSWER);
    caller.onCompleted();
  }

  private double counted(String outcome) {
    var counter =
        registry
            .find("quartet.gateway.calls")
            .tags("service", "rewards", "outcome", outcome)
            .counter();
    return counter == null ? 0 : counter.count();
  }

  private void score(int tokens) {
    ScoreServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(20, SECONDS)
        .rewards(request(tokens));
  }

  private static ScoreRequest request(int tokens) {
    var ids = TokenIds.newBuilder();
    for (int i = 0; i < tokens; i++) {
      ids.addIds(7);
    }
    return ScoreRequest.newBuilder()
        .addSequences(ScoredSequence.newBuilder().setTokens(ids))
        .build();
  }

  private static Server serve(BindableService service) throws IOException {
    return NettyServerBuilder.forAddress(
            new InetSocketAddress("127.0.0.1", 0), InsecureServerCredentials.create())
        .addService(service)
        .intercept(new GrpcErrors())
        .build()
        .start();
  }
}
