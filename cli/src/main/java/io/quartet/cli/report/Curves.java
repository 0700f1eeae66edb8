package io.quartet.cli.report;

import io.quartet.cli.run.RunView;
import io.quartet.v1.Stage;
import io.quartet.v1.StageProgress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The charts of a stage, from the metrics in its progress. */
final class Curves {
  private static final Map<Stage, List<Plot>> PLOTS =
      Map.of(
          Stage.STAGE_BASE,
          List.of(
              new Plot("loss, nats a token", "loss", "validation_loss"),
              new Plot("tokens a second", "tokens_per_second")),
          Stage.STAGE_SFT,
          List.of(
              new Plot("loss, nats an answer token", "loss", "validation_loss"),
              new Plot("tokens a second", "tokens_per_second")),
          Stage.STAGE_REWARD,
          List.of(
              new Plot("ranking loss", "loss", "validation_loss"),
              new Plot("pairs ranked right", "held_out_accuracy", "accuracy")),
          Stage.STAGE_RL,
          List.of(
              new Plot("reward", "reward"),
              new Plot("KL to the SFT policy, nats an answer", "kl"),
              new Plot(
                  "gold on held-out words, with its parts", "gold", "gold_truth", "gold_manner"),
              new Plot("entropy, nats a token", "entropy"),
              new Plot("answer length, tokens", "answer_length"),
              new Plot("answers that end", "ended"),
              new Plot("share of clipped ratios", "clip_fraction"),
              new Plot("value loss", "value_loss"),
              new Plot("explained variance of the values", "explained_variance")));

  private Curves() {}

  /** A chart and the metrics on it; the first is the stage's colour. */
  private record Plot(String title, String... metrics) {}

  static List<LineChart> of(RunView view, Stage stage) {
    List<LineChart> charts = new ArrayList<>();
    for (Plot plot : PLOTS.getOrDefault(stage, List.of())) {
      List<Series> curves = new ArrayList<>();
      for (String metric : plot.metrics()) {
        String color = List.of(RunView.label(stage), "ink", "muted").get(curves.size());
        Series curve = new Series(Html.words(metric), color, points(view, stage, metric));
        if (curve.points().size() > 1) {
          curves.add(curve);
        }
      }
      if (!curves.isEmpty()) {
        charts.add(new LineChart(plot.title(), curves));
      }
    }
    return charts;
  }

  /** A step has one value: a stage says its metrics again in its next phase. */
  private static List<Series.Point> points(RunView view, Stage stage, String metric) {
    TreeMap<Long, Double> values = new TreeMap<>();
    for (StageProgress progress : view.history(stage)) {
      Double value = progress.getMetricsMap().get(metric);
      if (value != null && Double.isFinite(value)) {
        values.putIfAbsent(progress.getStep(), value);
      }
    }
    return values.entrySet().stream().map(e -> new Series.Point(e.getKey(), e.getValue())).toList();
  }
}
