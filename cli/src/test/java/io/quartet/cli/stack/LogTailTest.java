package io.quartet.cli.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTailTest {
  @TempDir private Path folder;

  @Test
  void theLastRootCauseIsTheReason() throws Exception {
    assertReason(
        "java.net.BindException: Address in use: 127.0.0.1:19110",
        "10:00:00 INFO  starting",
        "10:00:01 ERROR Failed to start application",
        "java.lang.RuntimeException: boom",
        "\tat io.quartet.X(X.java:1)",
        "Caused by: java.net.BindException: Address in use: 127.0.0.1:19110",
        "\tat io.quartet.Y(Y.java:1)",
        "10:00:02 INFO  stopped");
  }

  @Test
  void withoutAnExceptionTheLastErrorIs() throws Exception {
    assertReason(
        "10:00:01 ERROR no space left", "10:00:01 ERROR no space left", "10:00:02 INFO  stopped");
  }

  @Test
  void aQuietLogIsNoReason() throws Exception {
    assertReason("its log does not say why", "10:00:02 INFO  started", "");
  }

  private void assertReason(String reason, String... lines) throws Exception {
    Path log = folder.resolve("x.log");
    Files.writeString(log, String.join("\n", lines));
    assertThat(LogTail.cause(log)).isEqualTo(reason);
  }
}
