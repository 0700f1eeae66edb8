package io.quartet.cli.stack;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;

/** The stack's topics: one partition each, so that a topic's records have one order. */
public final class Topics {
  /** Submitted runs, by run. */
  public static final String RUNS = "quartet.runs";

  /** Published checkpoints, by id. */
  public static final String CHECKPOINTS = "quartet.checkpoints";

  /** Stage progress, by run and stage. */
  public static final String PROGRESS = "quartet.progress";

  static final String SHARE_GROUP = "rollout-workers";

  private static final Map<String, String> COMPACTED =
      Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
  private static final Map<String, String> SEVEN_DAYS =
      Map.of(
          TopicConfig.CLEANUP_POLICY_CONFIG,
          TopicConfig.CLEANUP_POLICY_DELETE,
          TopicConfig.RETENTION_MS_CONFIG,
          "604800000");

  private Topics() {}

  static List<NewTopic> all() {
    return List.of(
        topic(RUNS, COMPACTED),
        topic(CHECKPOINTS, COMPACTED),
        topic(PROGRESS, SEVEN_DAYS),
        topic("quartet.rollout-requests", SEVEN_DAYS),
        topic("quartet.rollouts", SEVEN_DAYS),
        topic("quartet.policies", COMPACTED),
        topic("quartet.routes", COMPACTED));
  }

  private static NewTopic topic(String name, Map<String, String> settings) {
    return new NewTopic(name, 1, (short) 1).configs(settings);
  }
}
