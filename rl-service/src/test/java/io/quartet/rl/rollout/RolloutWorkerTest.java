package io.quartet.rl.rollout;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.Generation;
import io.quartet.decoder.SamplingParams;
import io.quartet.rl.TinyPolicy;
import io.quartet.service.CheckpointExchange;
import io.quartet.service.CheckpointServer;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.Events;
import io.quartet.service.RemoteCheckpointStore;
import io.quartet.service.Topic;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.CheckpointServiceGrpc;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GetCheckpointRequest;
import io.quartet.v1.Rollout;
import io.quartet.v1.RolloutBatch;
import io.quartet.v1.RolloutPrompt;
import io.quartet.v1.RolloutRequest;
import io.quartet.v1.SamplingParameters;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A worker between a real broker, a real learner's store and a reward service. */
@Timeout(90)
class RolloutWorkerTest {
  private static final DecoderOptions OPTIONS = new DecoderOptions(4, 1);
  private static final BlockingQueue<RolloutBatch> BATCHES = new LinkedBlockingQueue<>();

  @TempDir private static Path folder;
  private static EmbeddedBroker broker;
  private static Events events;
  private static CheckpointStore learner;
  private static CheckpointStore store;
  private static CheckpointServer checkpoints;
  private static TokenCountReward reward;
  private static Checkpoint policy;
  private static RolloutWorker worker;

  @BeforeAll
  static void start() throws Exception {
    broker = EmbeddedBroker.open();
    events = new Events(broker.bootstrap(), (short) 1);
    events.follow(Topic.ROLLOUTS, BATCHES::add);
    learner = new CheckpointStore(folder.resolve("learner"));
    store = new CheckpointStore(folder.resolve("worker"));
    checkpoints = new CheckpointServer(learner, events);
    reward = new TokenCountReward(0);
    policy = TinyPolicy.publish(learner, "rl/r/1", 1);
    worker =
        new RolloutWorker(
            events, new RolloutSampler("worker", policies(store)), new SimpleMeterRegistry());
  }

  @AfterAll
  static void close() {
    worker.close();
    reward.close();
    checkpoints.close();
    events.close();
    broker.close();
  }

  @Test
  void aRequestIsAnsweredWithThePinnedPolicysSamplesAndTheirRewards() throws Exception {
    RolloutRequest request = request("answered").build();

    events.publish(Topic.ROLLOUT_REQUESTS, request);
    RolloutBatch batch = answerTo("answered");

    assertThat(batch.getPolicyDigest()).isEqualTo(policy.digest());
    assertThat(batch.getRewardDigest()).isEqualTo(TokenCountReward.DIGEST);
    assertThat(batch.getRolloutsList())
        .extracting(Rollout::getPromptId)
        .containsExactly("a", "a", "b", "b");
    try (var engine = DecoderEngine.open(policy, OPTIONS)) {
      for (int i = 0; i < 4; i++) {
        Rollout rollout = batch.getRollouts(i);
        var sampling = SamplingParams.sampled(1, 11 * 1_000_003L + i, 6);
        int[] prompt = i < 2 ? new int[] {2, 40, 4, 3} : new int[] {2, 41, 4, 3};
        Generation expected = engine.generate(List.of(prompt), List.of(sampling)).get(0);
        assertThat(rollout.getResponseTokenIdsList())
            .containsExactly(
                java.util.Arrays.stream(expected.tokenIds()).boxed().toArray(Integer[]::new));
        assertThat(rollout.getLogProbsCount()).isEqualTo(expected.tokenIds().length);
        assertThat(rollout.getReward()).isEqualTo(4 + expected.tokenIds().length);
        assertThat(rollout.getFinishReason())
            .isEqualTo(
                switch (expected.finishReason()) {
                  case STOP -> FinishReason.FINISH_REASON_STOP;
                  case LENGTH -> FinishReason.FINISH_REASON_LENGTH;
                  case TIME_LIMIT -> FinishReason.FINISH_REASON_TIME_LIMIT;
                  case CANCELLED -> FinishReason.FINISH_REASON_CANCELLED;
                });
      }
    }
  }

  @Test
  void aRequestWhosePolicyIsGoneIsRejectedAndNeverTriedAgain() throws Exception {
    var asked = new AtomicInteger();
    Server forgetful =
        NettyServerBuilder.forAddress(
                new InetSocketAddress("127.0.0.1", 0), InsecureServerCredentials.create())
            .addService(
                new CheckpointServiceGrpc.CheckpointServiceImplBase() {
                  @Override
                  public void get(
                      GetCheckpointRequest request, StreamObserver<CheckpointPublished> response) {
                    asked.incrementAndGet();
                    response.onError(Status.NOT_FOUND.asRuntimeException());
                  }
                })
            .build()
            .start();
    try {
      events.publish(
          Topic.ROLLOUT_REQUESTS,
          request("gone")
              .setPolicyId("rl/r/99")
              .setPolicyDigest("gone")
              .setPolicyEndpoint("127.0.0.1:" + forgetful.getPort())
              .setLearner("life")
              .build());
      events.publish(Topic.ROLLOUT_REQUESTS, request("after it").build());

      RolloutBatch failed = answerTo("gone");
      assertThat(failed.getFailure()).contains("rl/r/99");
      assertThat(failed.getLearner()).isEqualTo("life");
      // A released record is acquired again before those behind it.
      answerTo("after it");
      assertThat(asked).hasValue(1);
    } finally {
      forgetful.shutdownNow();
    }
  }

  @Test
  void aRequestWhoseRewardServiceIsDownComesBackWhenItIsUp() throws Exception {
    int port;
    try (var down = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      port = down.getLocalPort();
      events.publish(
          Topic.ROLLOUT_REQUESTS,
          request("released").setRewardEndpoint("127.0.0.1:" + port).build());
      down.accept().close(); // the first try
    }
    try (var up = new TokenCountReward(port)) {
      assertThat(up.endpoint()).endsWith(":" + port);
      assertThat(answerTo("released").getRolloutsCount()).isEqualTo(4);
    }
  }

  @Test
  void theSameRequestHasTheSameAnswersOnAnyWorker() throws Exception {
    RolloutRequest request = request("twice").build();
    try (var one = sampler("one");
        var other = sampler("other")) {
      assertThat(other.sample(request).getRolloutsList())
          .isEqualTo(one.sample(request).getRolloutsList());
    }
  }

  @Test
  void aRequestWithoutAnswersIsAnInvalidArgument() {
    RolloutRequest request = request("empty").setSamplesPerPrompt(0).build();
    try (var sampler = sampler("empty")) {
      assertThatThrownBy(() -> sampler.sample(request))
          .hasMessage(
              "rollout request 'empty': 2 prompts of 0 samples, expected at least one answer");
    }
  }

  @Test
  void aPolicyThatWasPublishedAgainUnderItsIdIsPulledAgain() throws Exception {
    Checkpoint first = TinyPolicy.publish(learner, "rl/again/1", 1);
    var own = new CheckpointStore(folder.resolve("again"));
    try (Policies policies = policies(own)) {
      policies.engine("rl/again/1", first.digest(), checkpoints.endpoint());
      learner.delete(first.id());
      Checkpoint second = TinyPolicy.publish(learner, "rl/again/1", 2);

      policies.engine("rl/again/1", second.digest(), checkpoints.endpoint());

      assertThat(own.get(second.id()).digest()).isEqualTo(second.digest());
      assertThatThrownBy(
              () -> policies.engine("rl/again/1", first.digest(), checkpoints.endpoint()))
          .isInstanceOfSatisfying(
              QuartetException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED_PRECONDITION));
    }
    assertThat(own.list()).isEmpty();
  }

  private static RolloutBatch answerTo(String id) throws InterruptedException {
    while (true) {
      RolloutBatch batch = BATCHES.poll(60, SECONDS);
      assertThat(batch).as("an answer to '%s'", id).isNotNull();
      if (batch.getRequestId().equals(id)) {
        return batch;
      }
    }
  }

  private static RolloutSampler sampler(String name) {
    return new RolloutSampler(name, policies(new CheckpointStore(folder.resolve(name))));
  }

  private static Policies policies(CheckpointStore own) {
    var remote =
        new RemoteCheckpointStore(own, own.scratch(io.quartet.checkpoint.Stage.RL, "incoming"));
    return new Policies(new CheckpointExchange(own, remote, events, "127.0.0.1:1"), OPTIONS);
  }

  private static RolloutRequest.Builder request(String id) {
    return RolloutRequest.newBuilder()
        .setRequestId(id)
        .setRun("r")
        .setPolicyVersion(1)
        .setPolicyId(policy.id().toString())
        .setPolicyDigest(policy.digest())
        .setPolicyEndpoint(checkpoints.endpoint())
        .setRewardId("reward/r/1")
        .setRewardDigest(TokenCountReward.DIGEST)
        .setRewardEndpoint(reward.endpoint())
        .setSamplesPerPrompt(2)
        .setSampling(SamplingParameters.newBuilder().setMaxTokens(6).setSeed(11))
        .addPrompts(
            RolloutPrompt.newBuilder().setPromptId("a").addAllTokenIds(List.of(2, 40, 4, 3)))
        .addPrompts(
            RolloutPrompt.newBuilder().setPromptId("b").addAllTokenIds(List.of(2, 41, 4, 3)));
  }
}
