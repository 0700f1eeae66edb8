package io.quartet.rl.learner;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.service.Events;
import io.quartet.service.Follower;
import io.quartet.service.Topic;
import io.quartet.v1.RolloutBatch;
import io.quartet.v1.RolloutRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * The learner's end of {@code quartet.rollout-requests} and {@code quartet.rollouts}. Whatever
 * comes twice, for another run, or from another policy than was asked for is dropped, so that a
 * redelivery or a restart never trains on an answer twice.
 */
final class RolloutInbox implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(RolloutInbox.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration PATIENCE = Duration.ofSeconds(45);

  private record Letter(long offset, RolloutBatch batch) {}

  /** Called while waiting, so that progress is reported and a cancellation noticed. */
  interface Heartbeat {
    void beat(int answered, int asked);
  }

  private final Events events;
  private final String run;
  private final LinkedBlockingQueue<Letter> letters = new LinkedBlockingQueue<>();
  private final Follower<RolloutBatch> follower;
  private final String life = UUID.randomUUID().toString();
  private long nextOffset;

  /**
   * @param fromOffset first record of {@code quartet.rollouts} that no update has been taken from
   */
  RolloutInbox(Events events, String run, long fromOffset) {
    this.events = events;
    this.run = run;
    this.nextOffset = fromOffset;
    this.follower =
        events.follow(
            Topic.ROLLOUTS, fromOffset, (offset, batch) -> letters.add(new Letter(offset, batch)));
  }

  /** The offset after the last record that {@link #ask} has looked at. */
  long nextOffset() {
    return nextOffset;
  }

  /**
   * Publishes requests and waits for the answer to each.
   *
   * @return one batch for each request, in the requests' order whatever order they came in
   * @throws QuartetException FAILED_PRECONDITION if no worker can answer one of them, with the
   *     worker and its reason
   */
  List<RolloutBatch> ask(List<RolloutRequest> requests, Heartbeat heartbeat)
      throws InterruptedException {
    Map<String, RolloutRequest> inFlight = new LinkedHashMap<>();
    Map<String, RolloutBatch> answers = new HashMap<>();
    for (RolloutRequest request : requests) {
      inFlight.put(request.getRequestId(), request);
    }
    // What an earlier life of this learner was still sent.
    Letter waiting = letters.poll();
    for (; waiting != null; waiting = letters.poll()) {
      accept(waiting, inFlight, answers);
    }
    inFlight.values().forEach(this::send);
    long asked = System.nanoTime();
    while (!inFlight.isEmpty()) {
      heartbeat.beat(answers.size(), requests.size());
      Letter letter = letters.poll(POLL.toMillis(), TimeUnit.MILLISECONDS);
      if (letter != null) {
        accept(letter, inFlight, answers);
        asked = System.nanoTime();
      } else if (System.nanoTime() - asked > PATIENCE.toNanos()) {
        LOG.warnf(
            "run '%s': no rollouts for %d s, %d requests are sent again (are there workers?)",
            run, PATIENCE.toSeconds(), inFlight.size());
        inFlight.values().forEach(this::send);
        asked = System.nanoTime();
      }
    }
    List<RolloutBatch> ordered = new ArrayList<>(requests.size());
    for (RolloutRequest request : requests) {
      ordered.add(answers.get(request.getRequestId()));
    }
    return ordered;
  }

  private void send(RolloutRequest request) {
    events.publish(Topic.ROLLOUT_REQUESTS, request.toBuilder().setLearner(life).build());
  }

  private void accept(
      Letter letter, Map<String, RolloutRequest> inFlight, Map<String, RolloutBatch> answers) {
    nextOffset = letter.offset() + 1;
    RolloutBatch batch = letter.batch();
    RolloutRequest request = inFlight.get(batch.getRequestId());
    if (request == null || !batch.getRun().equals(run)) {
      return; // a duplicate, or another run's
    }
    if (!batch.getPolicyDigest().equals(request.getPolicyDigest())
        || !batch.getRewardDigest().equals(request.getRewardDigest())) {
      LOG.warnf(
          "run '%s': rollouts '%s' are by policy %.12s and reward %.12s, expected %.12s and %.12s;"
              + " dropped",
          run,
          batch.getRequestId(),
          batch.getPolicyDigest(),
          batch.getRewardDigest(),
          request.getPolicyDigest(),
          request.getRewardDigest());
      return;
    }
    if (!batch.getFailure().isEmpty()) {
      if (batch.getLearner().equals(life)) {
        throw new QuartetException(
            ErrorCode.FAILED_PRECONDITION,
            "rollout request '%s' cannot be answered by worker '%s': %s"
                .formatted(batch.getRequestId(), batch.getWorker(), batch.getFailure()));
      }
      return; // an earlier life's, asked again since
    }
    inFlight.remove(batch.getRequestId());
    answers.put(batch.getRequestId(), batch);
  }

  @Override
  public void close() {
    follower.close();
  }
}
