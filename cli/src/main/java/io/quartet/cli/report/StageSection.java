package io.quartet.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.cli.run.RunView;
import io.quartet.v1.Stage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One stage's part of the page: its figures and its curves. */
final class StageSection {
  private static final Set<String> SHOWN = Set.of("by_flaw", "best_of_8");
  private static final String INTERVAL = "_interval";

  private final RunView view;
  private final Stage stage;
  private final String name;
  private final JsonNode figures;

  StageSection(RunView view, Stage stage, String name, JsonNode figures) {
    this.view = view;
    this.stage = stage;
    this.name = name;
    this.figures = figures;
  }

  String html() {
    StringBuilder html = new StringBuilder();
    html.append(
        "<section class=stage style=\"--c:var(--%s)\"><h3>%s</h3><dl>"
            .formatted(RunView.label(stage), Html.escape(name)));
    StringBuilder tables = new StringBuilder();
    StringBuilder more = new StringBuilder();
    for (Map.Entry<String, JsonNode> figure : figures.properties()) {
      String key = figure.getKey();
      Optional<String> value = value(key, figure.getValue());
      if (value.isEmpty()) {
        (SHOWN.contains(key) ? tables : more).append(table(key, figure.getValue()));
      } else if (!toldBesideItsFigure(key)) {
        html.append(
            "<div><dt>%s<dd>%s%s</div>"
                .formatted(Html.escape(Html.words(key)), value.get(), interval(key)));
      }
    }
    html.append("</dl>");
    if (!tables.isEmpty()) {
      html.append("<div class=tables>").append(tables).append("</div>");
    }
    if (!more.isEmpty()) {
      html.append("<details><summary>More figures</summary><div class=tables>")
          .append(more)
          .append("</div></details>");
    }
    List<LineChart> charts = Curves.of(view, stage);
    if (!charts.isEmpty()) {
      html.append("<div class=charts>");
      charts.forEach(c -> html.append(c.svg()));
      html.append("</div>");
    }
    return html.append("</section>").toString();
  }

  private boolean toldBesideItsFigure(String key) {
    return key.endsWith(INTERVAL)
        && figures.path(key.substring(0, key.length() - INTERVAL.length())).isNumber();
  }

  private String interval(String key) {
    return value(key, figures.path(key + INTERVAL))
        .filter(v -> figures.path(key + INTERVAL).isArray())
        .map(v -> " <small>" + v + "</small>")
        .orElse("");
  }

  /** A figure in one piece; empty for a group of figures. */
  private static Optional<String> value(String key, JsonNode node) {
    if (node.isNull()) {
      return Optional.of("–");
    }
    if (node.isNumber()) {
      return Optional.of(
          key.equals("seconds")
              ? Figures.duration(node.asDouble())
              : Figures.compact(node.asDouble()));
    }
    if (node.isArray() && node.size() == 2 && node.path(0).isNumber()) {
      return Optional.of(
          "%s to %s"
              .formatted(
                  Figures.compact(node.path(0).asDouble()),
                  Figures.compact(node.path(1).asDouble())));
    }
    if (node.isValueNode()) {
      return Optional.of(Html.escape(node.asText()));
    }
    return Estimate.parse(node)
        .map(
            e ->
                e.measured()
                    ? "%s <small>%s to %s</small>"
                        .formatted(
                            Figures.compact(e.mean()),
                            Figures.compact(e.low()),
                            Figures.compact(e.high()))
                    : Figures.compact(e.mean()));
  }

  private static String table(String title, JsonNode group) {
    StringBuilder rows = new StringBuilder();
    rows(rows, "", group);
    return rows.isEmpty()
        ? ""
        : "<table><caption>%s</caption>%s</table>".formatted(Html.escape(Html.words(title)), rows);
  }

  private static void rows(StringBuilder rows, String prefix, JsonNode group) {
    for (Map.Entry<String, JsonNode> entry : group.properties()) {
      String name = prefix + Html.words(entry.getKey());
      value(entry.getKey(), entry.getValue())
          .ifPresentOrElse(
              v -> rows.append("<tr><td>%s<td>%s".formatted(Html.escape(name), v)),
              () -> rows(rows, name + ", ", entry.getValue()));
    }
  }
}
