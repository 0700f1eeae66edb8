package io.quartet.cli.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Workspace;
import io.quartet.cli.run.RunFolder;
import io.quartet.cli.run.RunView;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Stage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a run came to.
 *
 * @param view the run's events
 * @param json the figures, as {@code report.json} has them
 */
public record Report(RunView view, ObjectNode json) {
  /** The page's file name in the run's folder. */
  public static final String HTML = "report.html";

  private static final String FIGURES = "report.json";

  /** What a stage's process had resident at most, in bytes; Linux alone says so. */
  static final String PEAK_MEMORY = "peak_resident_bytes";

  /** What it planned to have, in bytes. */
  static final String PLANNED_MEMORY = "planned_resident_bytes";

  /** Figures that every report has, null where a stage did not measure them. */
  private static final Map<Stage, List<String>> FIGURES_OF =
      Map.of(
          Stage.STAGE_BASE,
          List.of(
              "parameters",
              "tokens",
              "tokens_per_second",
              "validation_loss",
              "bits_per_byte",
              "flops",
              "gold"),
          Stage.STAGE_SFT,
          List.of("validation_loss", "gold"),
          Stage.STAGE_REWARD,
          List.of("accuracy", "accuracy_interval", "length_heuristic", "by_flaw", "best_of_8"),
          Stage.STAGE_RL,
          List.of(
              "reward_before", "reward_after", "kl", "gold_before", "gold_after", "gold_interval"));

  /** For the page, or told elsewhere in the report. */
  private static final Set<String> ELSEWHERE =
      Set.of("samples", "curve", "curves", "win_rates", "seconds");

  /** The report of a run, as far as it came. */
  public static Report of(RunView view) {
    ObjectNode json = StageMetrics.JSON.createObjectNode();
    json.put("run", view.run());
    json.put("seconds", view.elapsed().toMillis() / 1000.0);
    ObjectNode stages = json.putObject("stages");
    view.stages().forEach(s -> stages.set(RunView.label(s), stage(view, s)));
    ObjectNode gold = json.putObject("gold");
    putIn(view, Stage.STAGE_BASE, gold, stages.at("/base/gold"));
    putIn(view, Stage.STAGE_SFT, gold, stages.at("/sft/gold"));
    putIn(view, Stage.STAGE_RL, gold, stages.at("/rl/gold_after"));
    JsonNode rates = StageMetrics.of(view, Stage.STAGE_RL).path("win_rates");
    ObjectNode winRates = json.putObject("win_rates");
    if (view.stages().contains(Stage.STAGE_RL)) {
      for (String pair : List.of("rl_vs_sft", "rl_vs_base", "sft_vs_base")) {
        winRates.set(pair, figure(rates.path(pair)));
      }
    }
    ObjectNode checkpoints = json.putObject("checkpoints");
    view.stages()
        .forEach(
            s ->
                checkpoints.put(
                    RunView.label(s),
                    view.result(s).map(CheckpointPublished::getCheckpointId).orElse(null)));
    return new Report(view, json);
  }

  /** A stage's figure, unless the run has no such stage. */
  private static void putIn(RunView view, Stage stage, ObjectNode json, JsonNode figure) {
    if (view.stages().contains(stage)) {
      json.set(RunView.label(stage), figure(figure));
    }
  }

  private static ObjectNode stage(RunView view, Stage stage) {
    JsonNode metrics = StageMetrics.of(view, stage);
    ObjectNode figures = StageMetrics.JSON.createObjectNode();
    FIGURES_OF.getOrDefault(stage, List.of()).forEach(name -> putFigure(figures, name, metrics));
    metrics
        .properties()
        .forEach(
            e -> {
              if (!figures.has(e.getKey()) && !ELSEWHERE.contains(e.getKey())) {
                figures.set(e.getKey(), e.getValue());
              }
            });
    double elapsed = view.elapsed(stage).toMillis() / 1000.0;
    figures.put("seconds", metrics.path("seconds").asDouble(elapsed));
    for (String memory : List.of(PLANNED_MEMORY, PEAK_MEMORY)) {
      view.latest(stage)
          .map(latest -> latest.getMetricsMap().get(memory))
          .ifPresent(bytes -> figures.put(memory, bytes.longValue()));
    }
    return figures;
  }

  /** A figure with an interval becomes the figure, and the interval beside it. */
  private static void putFigure(ObjectNode figures, String name, JsonNode metrics) {
    JsonNode value = metrics.path(name);
    if (value.isMissingNode() && figures.has(name)) {
      return;
    }
    Optional<Estimate> estimate = value.isObject() ? Estimate.parse(value) : Optional.empty();
    if (estimate.isEmpty()) {
      figures.set(name, figure(value));
      return;
    }
    figures.put(name, estimate.get().mean());
    figures.putArray(name + "_interval").add(estimate.get().low()).add(estimate.get().high());
  }

  private static JsonNode figure(JsonNode node) {
    return node.isMissingNode() ? StageMetrics.JSON.nullNode() : node;
  }

  /**
   * Writes {@code report.json} and {@code report.html} into the run's folder.
   *
   * @throws QuartetException FAILED_PRECONDITION or RESOURCE_EXHAUSTED if it cannot
   */
  public void write(RunFolder folder) {
    try {
      Workspace.write(
          folder.file(FIGURES),
          StageMetrics.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
    } catch (JsonProcessingException e) {
      throw new QuartetException(
          ErrorCode.INTERNAL, "%s: %s".formatted(FIGURES, e.getOriginalMessage()), e);
    }
    Workspace.write(folder.file(HTML), new ReportPage(this).html());
  }
}
