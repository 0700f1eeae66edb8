package io.quartet.service;

import static java.util.Objects.requireNonNullElse;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;

/** What a user sees of a failure: a category and one line. */
final class Failures {
  private Failures() {}

  /** The category; INTERNAL for what is nobody's stated case. */
  static ErrorCode code(Throwable failure) {
    if (failure instanceof QuartetException known) {
      return known.code();
    }
    return failure instanceof OutOfMemoryError ? ErrorCode.RESOURCE_EXHAUSTED : ErrorCode.INTERNAL;
  }

  /**
   * The first line of the message: a native library's message carries its stack frames below it.
   */
  static String firstLine(Throwable failure) {
    String message =
        requireNonNullElse(failure.getMessage(), failure.getClass().getSimpleName()).strip();
    int end = message.indexOf('\n');
    String line = end < 0 ? message : message.substring(0, end).strip();
    return failure instanceof RuntimeException
        ? line
        : failure.getClass().getSimpleName() + ": " + line;
  }
}
