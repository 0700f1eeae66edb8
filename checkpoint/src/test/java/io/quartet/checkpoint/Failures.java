package io.quartet.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Asserts the category and the one line that a user sees. */
final class Failures {
  private Failures() {}

  static void assertFails(ThrowingCallable call, ErrorCode code, String... messageParts) {
    QuartetException failure = catchThrowableOfType(QuartetException.class, call);
    assertThat(failure).as("nothing was thrown").isNotNull();
    assertThat(failure.getMessage()).contains(messageParts).doesNotContain("\n");
    assertThat(failure.code()).isEqualTo(code);
  }
}
