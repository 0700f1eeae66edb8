package io.quartet.recipe;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;

/** The records' value checks: what, got, expected. A key is relative to its record. */
final class Check {
  private static final String PREFIX = "recipe: '";

  private Check() {}

  static void atLeast(String key, long value, long least) {
    between(key, value, least, Long.MAX_VALUE);
  }

  static void between(String key, long value, long least, long most) {
    if (value < least || value > most) {
      throw invalid(
          key,
          value,
          most == Long.MAX_VALUE ? "at least " + least : "%d to %d".formatted(least, most));
    }
  }

  static void between(String key, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw invalid(key, value, "%s to %s".formatted(plain(least), plain(most)));
    }
  }

  static void positive(String key, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw invalid(key, value, "more than 0");
    }
  }

  static void holds(boolean condition, String key, Object got, String expected) {
    if (!condition) {
      throw invalid(key, got, expected);
    }
  }

  private static String plain(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  private static QuartetException invalid(String key, Object got, String expected) {
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT,
        "%s%s': got %s, expected %s".formatted(PREFIX, key, got, expected));
  }

  /** A refused value's exception with the record's place in the recipe before the key. */
  static QuartetException in(String section, QuartetException refused) {
    String rest = String.valueOf(refused.getMessage()).substring(PREFIX.length());
    return new QuartetException(refused.code(), PREFIX + section + rest);
  }
}
