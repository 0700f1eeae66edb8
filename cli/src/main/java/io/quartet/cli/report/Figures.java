package io.quartet.cli.report;

import java.util.List;
import java.util.Locale;

/** Numbers as people read them. */
final class Figures {
  private static final List<String> PREFIXES = List.of("", "k", "M", "G", "T", "P", "E");

  private Figures() {}

  /** Three significant digits with a prefix: {@code 2.56 M}, {@code 9.71 k}, {@code 0.834}. */
  static String compact(double value) {
    if (!Double.isFinite(value)) {
      return "–";
    }
    double size = Math.abs(value);
    if (size < 1000) {
      return significant(value);
    }
    int prefix = 0;
    double scaled = value;
    while (Math.abs(scaled) >= 999.5 && prefix < PREFIXES.size() - 1) {
      scaled /= 1000;
      prefix++;
    }
    return significant(scaled) + " " + PREFIXES.get(prefix);
  }

  private static String significant(double value) {
    double size = Math.abs(value);
    if (value == Math.rint(value) && size < 1000) {
      return Long.toString((long) value);
    }
    if (size >= 100) {
      return format("%.0f", value);
    }
    if (size >= 10) {
      return format("%.1f", value);
    }
    if (size >= 1) {
      return format("%.2f", value);
    }
    return size >= 0.001 ? format("%.3f", value) : format("%.1e", value);
  }

  static String percent(double share) {
    return format(Math.abs(share) < 0.1 ? "%.1f %%" : "%.0f %%", 100 * share);
  }

  static String score(double value) {
    return format("%.3f", value);
  }

  /** A reward, in standard deviations: two decimals and a true minus. */
  static String reward(double value) {
    return format("%.2f", value).replace('-', '\u2212');
  }

  /** A tick's value with as many decimals as ticks of this distance need. */
  static String tick(double value, double step) {
    if (Math.abs(value) >= 1000) {
      return compact(value);
    }
    int decimals = Math.max(0, (int) Math.ceil(-Math.log10(step) - 1e-9));
    String text = format("%." + Math.min(6, decimals) + "f", value);
    return Math.abs(value) < step / 2 ? "0" : text.replace('-', '\u2212');
  }

  static String duration(double seconds) {
    long whole = Math.round(seconds);
    if (whole < 60) {
      return format("%.1f s", seconds);
    }
    return whole < 3600
        ? "%d min %02d s".formatted(whole / 60, whole % 60)
        : "%d h %02d min".formatted(whole / 3600, whole / 60 % 60);
  }

  /** A coordinate of a drawing. */
  static String at(double value) {
    return format("%.1f", value);
  }

  private static String format(String pattern, double value) {
    return String.format(Locale.ROOT, pattern, value);
  }
}
