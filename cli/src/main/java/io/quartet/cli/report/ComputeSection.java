package io.quartet.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/** Where the time and the arithmetic went: each stage's share. */
final class ComputeSection {
  private final JsonNode stages;

  ComputeSection(JsonNode stages) {
    this.stages = stages;
  }

  String html() {
    StringBuilder html = new StringBuilder();
    html.append(bar("seconds", "time")).append(bar("flops", "FLOPs"));
    html.append(
        "<table class=compute><tr><th>stage<th>time<th>tokens<th>tokens a second<th>FLOPs<th>share of FLOPs<th>memory planned<th>memory at most");
    double all = sum("flops");
    for (String stage : names()) {
      JsonNode figures = stages.path(stage);
      double flops = figures.path("flops").asDouble(Double.NaN);
      html.append(
          "<tr><td><span class=key style=\"--c:var(--%s)\">%s</span><td>%s<td>%s<td>%s<td>%s<td>%s<td>%s<td>%s"
              .formatted(
                  stage,
                  stage,
                  Figures.duration(figures.path("seconds").asDouble()),
                  Figures.compact(figures.path("tokens").asDouble(Double.NaN)),
                  Figures.compact(figures.path("tokens_per_second").asDouble(Double.NaN)),
                  Figures.compact(flops),
                  Double.isNaN(flops) || all == 0 ? "–" : Figures.percent(flops / all),
                  memory(figures.path(Report.PLANNED_MEMORY).asDouble(Double.NaN)),
                  memory(figures.path(Report.PEAK_MEMORY).asDouble(Double.NaN))));
    }
    return html.append("</table>").toString();
  }

  private static String memory(double bytes) {
    return Double.isNaN(bytes) ? "–" : "%.2f GB".formatted(bytes / 1e9);
  }

  private List<String> names() {
    return stages.properties().stream().map(Map.Entry::getKey).toList();
  }

  private double sum(String figure) {
    return names().stream().mapToDouble(s -> stages.path(s).path(figure).asDouble(0)).sum();
  }

  private String bar(String figure, String title) {
    double all = sum(figure);
    if (all == 0) {
      return "";
    }
    StringBuilder bar =
        new StringBuilder("<div class=shares><span>%s</span><div>".formatted(title));
    for (String stage : names()) {
      double share = stages.path(stage).path(figure).asDouble(0) / all;
      if (share > 0) {
        bar.append(
            "<i style=\"--c:var(--%s);flex-grow:%s\" title=\"%s %s\">%s</i>"
                .formatted(
                    stage,
                    Figures.at(1000 * share),
                    stage,
                    Figures.percent(share),
                    share > 0.08 ? stage + " " + Figures.percent(share) : ""));
      }
    }
    return bar.append("</div></div>").toString();
  }
}
