package io.quartet.cli.report;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Curves over steps, as SVG. A noisy curve is drawn faint with its moving average on top.
 *
 * @param title above the chart
 * @param series at least one, each with a point
 */
record LineChart(String title, List<Series> series) {
  private static final int WIDTH = 400;
  private static final int HEIGHT = 190;
  private static final int LEFT = 48;
  private static final int RIGHT = 12;
  private static final int TOP = 10;
  private static final int BOTTOM = 24;

  String svg() {
    List<Series> drawn = series.stream().map(Series::thinned).toList();
    Axis x =
        Axis.exactly(
            drawn.stream().mapToDouble(s -> s.points().get(0).x()).min().orElseThrow(),
            drawn.stream()
                .flatMap(s -> s.points().stream())
                .mapToDouble(Series.Point::x)
                .max()
                .orElseThrow(),
            4,
            LEFT,
            WIDTH - RIGHT);
    var values =
        drawn.stream()
            .flatMap(s -> s.points().stream())
            .mapToDouble(Series.Point::y)
            .summaryStatistics();
    Axis y = Axis.around(values.getMin(), values.getMax(), 4, HEIGHT - BOTTOM, TOP);
    StringBuilder svg = new StringBuilder();
    svg.append("<figure class=chart><figcaption>")
        .append(Html.escape(title))
        .append(legend())
        .append(
            "</figcaption><svg viewBox=\"0 0 %d %d\" role=img aria-label=\"%s\">"
                .formatted(WIDTH, HEIGHT, Html.escape(title)));
    for (double tick : y.ticks()) {
      String at = Figures.at(y.at(tick));
      svg.append(
              "<line class=grid x1=%d x2=%d y1=%s y2=%s />".formatted(LEFT, WIDTH - RIGHT, at, at))
          .append(
              "<text class=tick x=%d y=%s text-anchor=end dy=\".32em\">%s</text>"
                  .formatted(LEFT - 7, at, Figures.tick(tick, y.step())));
    }
    for (double tick : x.ticks()) {
      svg.append(
          "<text class=tick x=%s y=%d text-anchor=middle>%s</text>"
              .formatted(Figures.at(x.at(tick)), HEIGHT - 6, Figures.compact(tick)));
    }
    for (Series curve : drawn) {
      if (curve.noisy()) {
        svg.append(path(curve, x, y, "raw")).append(path(curve.smoothed(), x, y, "curve"));
      } else {
        svg.append(path(curve, x, y, "curve"));
      }
    }
    return svg.append("<g class=hover></g></svg></figure>").toString();
  }

  private String legend() {
    if (series.size() < 2) {
      return "";
    }
    return series.stream()
        .map(
            s ->
                "<span class=key style=\"--c:var(--%s)\">%s</span>"
                    .formatted(s.color(), Html.escape(s.name())))
        .collect(Collectors.joining());
  }

  private static String path(Series curve, Axis x, Axis y, String style) {
    StringBuilder path = new StringBuilder();
    StringBuilder values = new StringBuilder();
    for (Series.Point point : curve.points()) {
      path.append(path.isEmpty() ? "M" : "L")
          .append(Figures.at(x.at(point.x())))
          .append(' ')
          .append(Figures.at(y.at(point.y())));
      values
          .append(values.isEmpty() ? "" : "|")
          .append(Figures.compact(point.x()))
          .append(' ')
          .append(Figures.compact(point.y()).replace(' ', '\u00a0'));
    }
    String data =
        style.equals("curve")
            ? " data-name=\"%s\" data-values=\"%s\"".formatted(Html.escape(curve.name()), values)
            : "";
    return "<path class=%s style=\"stroke:var(--%s)\" d=\"%s\"%s />"
        .formatted(style, curve.color(), path, data);
  }
}
