package io.quartet.cli.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A curve.
 *
 * @param name in the legend
 * @param color a CSS colour variable's name
 * @param points by rising x
 */
record Series(String name, String color, List<Point> points) {
  private static final int MOST_POINTS = 300;
  private static final int NOISY = 60;

  /** A point of a curve. */
  record Point(double x, double y) {}

  /** At most {@value #MOST_POINTS} points, each the mean of its neighbours. */
  Series thinned() {
    if (points.size() <= MOST_POINTS) {
      return this;
    }
    List<Point> thin = new ArrayList<>();
    for (int i = 0; i < MOST_POINTS; i++) {
      int from = (int) ((long) i * points.size() / MOST_POINTS);
      int to = (int) ((long) (i + 1) * points.size() / MOST_POINTS);
      List<Point> group = points.subList(from, to);
      thin.add(
          new Point(
              group.get(group.size() - 1).x(),
              group.stream().mapToDouble(Point::y).average().orElseThrow()));
    }
    return new Series(name, color, thin);
  }

  boolean noisy() {
    return points.size() >= NOISY;
  }

  /** A centred moving average over about a fifteenth of the curve. */
  Series smoothed() {
    int reach = Math.max(1, points.size() / 30);
    List<Point> smooth = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      int from = Math.max(0, i - reach);
      int to = Math.min(points.size(), i + reach + 1);
      double mean = points.subList(from, to).stream().mapToDouble(Point::y).average().orElseThrow();
      smooth.add(new Point(points.get(i).x(), mean));
    }
    return new Series(name, color, smooth);
  }
}
