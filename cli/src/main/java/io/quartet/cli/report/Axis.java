package io.quartet.cli.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A linear axis: values onto a stretch of the drawing, with round ticks.
 *
 * @param low value at {@code from}
 * @param high value at {@code to}
 * @param step between ticks
 * @param from coordinate
 * @param to coordinate
 */
record Axis(double low, double high, double step, double from, double to) {

  /** An axis that begins and ends at ticks around the values. */
  static Axis around(double least, double most, int ticks, double from, double to) {
    double span = most > least ? most - least : Math.max(Math.abs(most), 1e-9);
    double step = round(span / ticks);
    double low = Math.floor(least / step + 1e-9) * step;
    double high = Math.ceil(most / step - 1e-9) * step;
    return new Axis(low, high > low ? high : low + step, step, from, to);
  }

  /** An axis that begins and ends exactly at the values, with round ticks inside. */
  static Axis exactly(double least, double most, int ticks, double from, double to) {
    double span = most > least ? most - least : 1;
    return new Axis(least, least + span, round(span / ticks), from, to);
  }

  /** The next of 1, 2, 5 times a power of ten. */
  private static double round(double step) {
    double power = Math.pow(10, Math.floor(Math.log10(step)));
    double digit = step / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
  }

  double at(double value) {
    return from + (value - low) / (high - low) * (to - from);
  }

  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    for (double t = Math.ceil(low / step - 1e-9); t * step <= high + step * 1e-9; t++) {
      ticks.add(t * step);
    }
    return ticks;
  }
}
