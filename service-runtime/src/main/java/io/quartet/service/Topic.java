package io.quartet.service;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.PolicyPublished;
import io.quartet.v1.RolloutBatch;
import io.quartet.v1.RolloutRequest;
import io.quartet.v1.Route;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.common.config.TopicConfig;

/**
 * A Kafka topic of one message type, with one partition so that its records have one order.
 *
 * @param name topic name, {@code quartet.…}
 * @param parser parses a record's value
 * @param key a message's record key; a compacted topic keeps the last message of each key
 * @param retention what the broker keeps
 */
public record Topic<M extends MessageLite>(
    String name, Parser<M> parser, Function<M, String> key, Retention retention) {

  /** Submitted runs, with their whole recipe. */
  public static final Topic<RunSubmitted> RUNS =
      new Topic<>(
          "quartet.runs", RunSubmitted.parser(), RunSubmitted::getRun, Retention.LAST_OF_EACH_KEY);

  /** Finished checkpoints: ids, digests and where to fetch them, never weights. */
  public static final Topic<CheckpointPublished> CHECKPOINTS =
      new Topic<>(
          "quartet.checkpoints",
          CheckpointPublished.parser(),
          CheckpointPublished::getCheckpointId,
          Retention.LAST_OF_EACH_KEY);

  /** What every stage does now. */
  public static final Topic<StageProgress> PROGRESS =
      new Topic<>(
          "quartet.progress",
          StageProgress.parser(),
          progress -> progress.getRun() + "/" + Stages.of(progress.getStage()).label(),
          Retention.SEVEN_DAYS);

  /** Work for the rollout workers. */
  public static final Topic<RolloutRequest> ROLLOUT_REQUESTS =
      new Topic<>(
          "quartet.rollout-requests",
          RolloutRequest.parser(),
          RolloutRequest::getRequestId,
          Retention.SEVEN_DAYS);

  /** The workers' answers, read by the learner. */
  public static final Topic<RolloutBatch> ROLLOUTS =
      new Topic<>(
          "quartet.rollouts", RolloutBatch.parser(), RolloutBatch::getRun, Retention.SEVEN_DAYS);

  /** The policy that a run's rollout workers should sample from. */
  public static final Topic<PolicyPublished> POLICIES =
      new Topic<>(
          "quartet.policies",
          PolicyPublished.parser(),
          PolicyPublished::getRun,
          Retention.LAST_OF_EACH_KEY);

  /** What each stage's name stands for, for every gateway. */
  public static final Topic<Route> ROUTES =
      new Topic<>("quartet.routes", Route.parser(), Route::getAlias, Retention.LAST_OF_EACH_KEY);

  /** Every topic of Quartet. */
  public static final List<Topic<?>> ALL =
      List.of(RUNS, CHECKPOINTS, PROGRESS, ROLLOUT_REQUESTS, ROLLOUTS, POLICIES, ROUTES);

  /** What the broker keeps of a topic. */
  public enum Retention {
    /** Compacted: a table by key that can be read from the beginning at any time. */
    LAST_OF_EACH_KEY(Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT)),
    /** A log of the last seven days. */
    SEVEN_DAYS(Map.of(TopicConfig.RETENTION_MS_CONFIG, "604800000"));

    private final Map<String, String> config;

    Retention(Map<String, String> config) {
      this.config = config;
    }

    /** The topic's settings on the broker. */
    public Map<String, String> config() {
      return config;
    }
  }
}
