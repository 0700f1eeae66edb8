package io.quartet.rl.learner;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.Events;
import io.quartet.service.Topic;
import io.quartet.v1.RolloutBatch;
import io.quartet.v1.RolloutRequest;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RolloutInboxTest {
  private static EmbeddedBroker broker;
  private static Events events;

  @BeforeAll
  static void start() {
    broker = EmbeddedBroker.open();
    events = new Events(broker.bootstrap(), (short) 1);
  }

  @AfterAll
  static void close() {
    events.close();
    broker.close();
  }

  @Test
  void anAskedBatchIsTakenOnceInTheRequestsOrderAndEverythingElseIsDropped() throws Exception {
    RolloutRequest first = request("r", 0, "policy");
    RolloutRequest second = request("r", 1, "policy");
    events.publish(Topic.ROLLOUTS, answer(request("other", 0, "policy"), "another run's"));
    events.publish(Topic.ROLLOUTS, answer(request("r", 0, "older policy"), "another policy's"));
    events.publish(
        Topic.ROLLOUTS,
        answer(first, "another reward model's").toBuilder().setRewardDigest("older").build());
    events.publish(Topic.ROLLOUTS, answer(second, "ours"));
    events.publish(Topic.ROLLOUTS, answer(second, "a duplicate"));
    events.publish(Topic.ROLLOUTS, answer(first, "ours")).get(20, SECONDS);

    try (var inbox = new RolloutInbox(events, "r", 0)) {
      assertThat(inbox.ask(List.of(first, second), (answered, asked) -> {}))
          .containsExactly(answer(first, "ours"), answer(second, "ours"));
    }
  }

  @Test
  void aRestartedLearnerReadsOnWhereItsLastUpdateEnded() throws Exception {
    RolloutRequest request = request("restarted", 0, "policy");
    long next;
    events.publish(Topic.ROLLOUTS, answer(request, "used")).get(20, SECONDS);
    try (var inbox = new RolloutInbox(events, "restarted", 0)) {
      inbox.ask(List.of(request), (answered, asked) -> {});
      next = inbox.nextOffset();
    }
    events.publish(Topic.ROLLOUTS, answer(request, "new")).get(20, SECONDS);

    try (var inbox = new RolloutInbox(events, "restarted", next)) {
      assertThat(inbox.ask(List.of(request), (answered, asked) -> {}))
          .containsExactly(answer(request, "new"));
    }
  }

  @Test
  void everyRequestIsPublishedForTheWorkers() throws Exception {
    BlockingQueue<RolloutRequest> seen = new LinkedBlockingQueue<>();
    RolloutRequest asked = request("published", 0, "policy");
    try (var worker =
            events.follow(
                Topic.ROLLOUT_REQUESTS,
                request -> {
                  if (request.getRun().equals("published")) {
                    seen.add(request);
                    events.publish(Topic.ROLLOUTS, answer(request, "w"));
                  }
                });
        var inbox = new RolloutInbox(events, "published", 0)) {
      inbox.ask(List.of(asked), (answered, of) -> {});
    }

    assertThat(seen).hasSize(1);
    assertThat(seen.element().getLearner()).isNotEmpty();
    assertThat(seen.element().toBuilder().clearLearner().build()).isEqualTo(asked);
  }

  @Test
  void aRequestThatNoWorkerCanAnswerEndsTheWaitWithItsReason() {
    RolloutRequest asked = request("failing", 0, "policy");
    try (var worker =
            events.follow(
                Topic.ROLLOUT_REQUESTS,
                request -> {
                  if (request.getRun().equals("failing")) {
                    events.publish(
                        Topic.ROLLOUTS,
                        answer(request, "w").toBuilder()
                            .setLearner(request.getLearner())
                            .setFailure("token 9, expected 0 to 8")
                            .build());
                  }
                });
        var inbox = new RolloutInbox(events, "failing", 0)) {
      assertThatThrownBy(() -> inbox.ask(List.of(asked), (answered, of) -> {}))
          .isInstanceOfSatisfying(
              QuartetException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED_PRECONDITION))
          .hasMessage(
              "rollout request 'failing/0/0' cannot be answered by worker 'w': token 9, expected 0"
                  + " to 8");
    }
  }

  @Test
  void aFailureOfAnEarlierLearnersRequestIsNotThisOnes() throws Exception {
    RolloutRequest asked = request("earlier", 0, "policy");
    events.publish(
        Topic.ROLLOUTS,
        answer(asked, "w").toBuilder().setLearner("earlier").setFailure("gone").build());
    events.publish(Topic.ROLLOUTS, answer(asked, "w")).get(20, SECONDS);

    try (var inbox = new RolloutInbox(events, "earlier", 0)) {
      assertThat(inbox.ask(List.of(asked), (answered, of) -> {}))
          .containsExactly(answer(asked, "w"));
    }
  }

  @Test
  void whoeverBeatsMayLeaveTheWait() {
    try (var inbox = new RolloutInbox(events, "cancelled", 0)) {
      assertThatThrownBy(
              () ->
                  inbox.ask(
                      List.of(request("cancelled", 0, "policy")),
                      (answered, asked) -> {
                        throw new QuartetException(
                            ErrorCode.CANCELLED, answered + " of " + asked + " answered");
                      }))
          .hasMessage("0 of 1 answered");
    }
  }

  private static RolloutRequest request(String run, int number, String policy) {
    return RolloutRequest.newBuilder()
        .setRequestId("%s/0/%d".formatted(run, number))
        .setRun(run)
        .setPolicyDigest(policy)
        .setRewardDigest("reward")
        .build();
  }

  private static RolloutBatch answer(RolloutRequest request, String worker) {
    return RolloutBatch.newBuilder()
        .setRequestId(request.getRequestId())
        .setRun(request.getRun())
        .setPolicyDigest(request.getPolicyDigest())
        .setRewardDigest(request.getRewardDigest())
        .setWorker(worker)
        .build();
  }
}
