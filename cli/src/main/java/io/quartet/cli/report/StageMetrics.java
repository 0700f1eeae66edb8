package io.quartet.cli.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.run.RunView;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Stage;

/** What each completed stage wrote about itself into its checkpoint's {@code training.json}. */
final class StageMetrics {
  static final ObjectMapper JSON = new ObjectMapper();

  private StageMetrics() {}

  /** A stage's metrics; missing until it has completed. */
  static JsonNode of(RunView view, Stage stage) {
    return view.result(stage).map(StageMetrics::parse).orElse(MissingNode.getInstance());
  }

  private static JsonNode parse(CheckpointPublished checkpoint) {
    try {
      return JSON.readTree(checkpoint.getTrainingJson()).path("metrics");
    } catch (JsonProcessingException e) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS,
          "%s: training.json is not JSON: %s"
              .formatted(checkpoint.getCheckpointId(), e.getOriginalMessage()),
          e);
    }
  }
}
