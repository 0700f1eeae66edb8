package io.quartet.rl.rollout;

import com.google.protobuf.InvalidProtocolBufferException;
import io.micrometer.core.instrument.MeterRegistry;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.service.Events;
import io.quartet.service.Topic;
import io.quartet.v1.RolloutBatch;
import io.quartet.v1.RolloutRequest;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jboss.logging.Logger;

/**
 * Takes requests one at a time from the share group {@code rollout-workers} (KIP-932). A request is
 * acknowledged when the broker has its batch; one whose policy or reward model cannot be reached
 * just now is released to whoever comes next, and the request of a worker that died comes back when
 * its lock runs out. One that no worker can answer is rejected, and the learner told why.
 */
final class RolloutWorker implements AutoCloseable {
  /** The share group of all workers. */
  static final String GROUP = "rollout-workers";

  private static final Logger LOG = Logger.getLogger(RolloutWorker.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration LOCK = Duration.ofSeconds(15);
  private static final Set<ErrorCode> PASSING =
      EnumSet.of(ErrorCode.UNAVAILABLE, ErrorCode.DEADLINE_EXCEEDED, ErrorCode.RESOURCE_EXHAUSTED);

  private final Events events;
  private final RolloutSampler sampler;
  private final MeterRegistry meters;
  private final Thread thread;
  private volatile boolean closed;

  RolloutWorker(Events events, RolloutSampler sampler, MeterRegistry meters) {
    this.events = events;
    this.sampler = sampler;
    this.meters = meters;
    this.thread = new Thread(this::work, "rollout-worker");
    thread.start();
  }

  private void work() {
    try {
      events.awaitTopics();
      while (!closed) {
        try {
          configureGroup();
          takeRequests();
        } catch (WakeupException | InterruptException e) {
          return; // closed
        } catch (KafkaException | ExecutionException e) {
          LOG.warnf("rollout requests cannot be read (%s); retrying", firstLine(e));
          Thread.sleep(PAUSE.toMillis());
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("rollout worker stopped");
    }
  }

  private void takeRequests() throws InterruptedException {
    try (var consumer = open()) {
      consumer.subscribe(List.of(Topic.ROLLOUT_REQUESTS.name()));
      while (!closed) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
          consumer.acknowledge(record, answer(record));
          consumer.commitSync();
        }
      }
    }
  }

  /** Answers one request and says what becomes of its record. */
  private AcknowledgeType answer(ConsumerRecord<String, byte[]> record)
      throws InterruptedException {
    try {
      return answer(RolloutRequest.parseFrom(record.value()));
    } catch (InvalidProtocolBufferException | ExecutionException e) {
      LOG.errorf("rollout request '%s' is rejected: %s", record.key(), firstLine(e));
      return AcknowledgeType.REJECT;
    }
  }

  private AcknowledgeType answer(RolloutRequest request)
      throws InterruptedException, ExecutionException {
    try {
      RolloutBatch batch = sampler.sample(request);
      events.publish(Topic.ROLLOUTS, batch).get();
      count(batch);
      return AcknowledgeType.ACCEPT;
    } catch (QuartetException e) {
      boolean passing = PASSING.contains(e.code());
      LOG.warnf(
          "rollout request '%s' is %s: %s",
          request.getRequestId(), passing ? "released" : "rejected", e.getMessage());
      if (passing) {
        Thread.sleep(PAUSE.toMillis());
        return AcknowledgeType.RELEASE;
      }
      events.publish(Topic.ROLLOUTS, sampler.failed(request, e)).get();
      return AcknowledgeType.REJECT;
    }
  }

  private void count(RolloutBatch batch) {
    long tokens =
        batch.getRolloutsList().stream().mapToLong(r -> r.getResponseTokenIdsCount()).sum();
    meters.counter("quartet.rollouts").increment(batch.getRolloutsCount());
    meters.counter("quartet.rollout.tokens").increment(tokens);
    meters
        .timer("quartet.rollout.batch")
        .record(Duration.ofNanos((long) (batch.getSeconds() * 1e9)));
  }

  /** A new group reads from the topic's beginning and gives a dead worker's request back soon. */
  private void configureGroup() throws InterruptedException, ExecutionException {
    var group = new ConfigResource(ConfigResource.Type.GROUP, GROUP);
    try (Admin admin =
        Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, events.bootstrap()))) {
      admin
          .incrementalAlterConfigs(
              Map.of(
                  group,
                  List.of(
                      set("share.auto.offset.reset", "earliest"),
                      set("share.record.lock.duration.ms", Long.toString(LOCK.toMillis())))))
          .all()
          .get();
    }
  }

  private static AlterConfigOp set(String name, String value) {
    return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
  }

  private KafkaShareConsumer<String, byte[]> open() {
    Map<String, Object> settings =
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            events.bootstrap(),
            ConsumerConfig.GROUP_ID_CONFIG,
            GROUP,
            ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG,
            "explicit",
            // Otherwise one worker would take every request that the learner sent in one go.
            ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG,
            "record_limit",
            ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
            1);
    return new KafkaShareConsumer<>(
        settings, new StringDeserializer(), new ByteArrayDeserializer());
  }

  private static String firstLine(Exception e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return String.valueOf(cause.getMessage()).lines().findFirst().orElse(cause.toString());
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(Duration.ofSeconds(5).toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    sampler.close();
  }
}
