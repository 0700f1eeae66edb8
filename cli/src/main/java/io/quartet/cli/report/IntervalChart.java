package io.quartet.cli.report;

import java.util.List;

/**
 * Shares between 0 and 1 as bars with their 95 % intervals, as SVG.
 *
 * @param title above the chart
 * @param rows from top to bottom
 * @param reference a value to compare with; NaN for none
 */
record IntervalChart(String title, List<Row> rows, double reference) {
  private static final int WIDTH = 560;
  private static final int LEFT = 190;
  private static final int RIGHT = 62;
  private static final int ROW = 26;
  private static final int TOP = 6;
  private static final int BOTTOM = 22;

  /**
   * One bar.
   *
   * @param name left of it
   * @param color a CSS colour variable's name
   */
  record Row(String name, String color, Estimate estimate) {}

  String svg() {
    int height = TOP + ROW * rows.size() + BOTTOM;
    Axis x = Axis.exactly(0, 1, 4, LEFT, WIDTH - RIGHT);
    StringBuilder svg = new StringBuilder();
    svg.append("<figure class=\"chart wide\"><figcaption>")
        .append(Html.escape(title))
        .append(
            "</figcaption><svg viewBox=\"0 0 %d %d\" role=img aria-label=\"%s\">"
                .formatted(WIDTH, height, Html.escape(title)));
    for (double tick : List.of(0.0, 0.25, 0.5, 0.75, 1.0)) {
      String at = Figures.at(x.at(tick));
      boolean marked = tick == reference;
      svg.append(
              "<line class=%s x1=%s x2=%s y1=%d y2=%d />"
                  .formatted(marked ? "reference" : "grid", at, at, TOP, height - BOTTOM))
          .append(
              "<text class=tick x=%s y=%d text-anchor=middle>%.0f %%</text>"
                  .formatted(at, height - 6, 100 * tick));
    }
    for (int i = 0; i < rows.size(); i++) {
      svg.append(bar(rows.get(i), x, TOP + ROW * i + ROW / 2.0));
    }
    return svg.append("</svg></figure>").toString();
  }

  private static String bar(Row row, Axis x, double y) {
    Estimate e = row.estimate();
    StringBuilder bar = new StringBuilder();
    bar.append(
        "<text class=label x=%d y=%s text-anchor=end dy=\".34em\">%s</text>"
            .formatted(LEFT - 10, Figures.at(y), Html.escape(row.name())));
    bar.append(
        "<rect class=bar style=\"fill:var(--%s)\" x=%s y=%s width=%s height=14 rx=3 />"
            .formatted(
                row.color(),
                Figures.at(x.at(0)),
                Figures.at(y - 7),
                Figures.at(Math.max(0.5, x.at(e.mean()) - x.at(0)))));
    if (e.measured()) {
      bar.append(
          "<path class=whisker d=\"M%s %sH%sM%s %sv8M%s %sv8\" />"
              .formatted(
                  Figures.at(x.at(Math.max(0, e.low()))),
                  Figures.at(y),
                  Figures.at(x.at(Math.min(1, e.high()))),
                  Figures.at(x.at(Math.max(0, e.low()))),
                  Figures.at(y - 4),
                  Figures.at(x.at(Math.min(1, e.high()))),
                  Figures.at(y - 4)));
    }
    return bar.append(
            "<text class=value x=%d y=%s dy=\".34em\">%s</text>"
                .formatted(WIDTH - RIGHT + 12, Figures.at(y), Figures.percent(e.mean())))
        .toString();
  }
}
