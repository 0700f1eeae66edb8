package io.quartet.datasets;

/** A row that is not what its shape says; the message is the reason, without file and line. */
final class BadRow extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BadRow(String format, Object... details) {
    super(format.formatted(details));
  }

  String reason() {
    return String.valueOf(getMessage());
  }
}
