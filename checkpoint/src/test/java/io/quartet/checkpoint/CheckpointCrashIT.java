package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointCrashIT {
  private static final CheckpointId ID = CheckpointId.parse("base/demo/100");

  @TempDir Path root;

  @Test
  void killedWriterLeavesNothingToSeeAndNothingInTheWay() throws Exception {
    var store = new CheckpointStore(root);
    Process writer = startWriter();
    try (BufferedReader output = writer.inputReader()) {
      assertThat(output.readLine()).isEqualTo("written");
      assertFails(() -> store.begin(ID), ErrorCode.FAILED_PRECONDITION, "is being written already");
    } finally {
      writer.destroyForcibly().waitFor();
    }

    assertThat(store.list()).isEmpty();
    Checkpoint published = TinyCheckpoints.publish(store, ID, 2);
    store.verify(published);
    assertThat(store.list()).containsExactly(published);
  }

  private Process startWriter() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Writer.class.getName(),
            root.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** Writes a whole checkpoint, never publishes it, and waits to be killed. */
  static final class Writer {
    public static void main(String[] arguments) throws InterruptedException {
      PendingCheckpoint pending = new CheckpointStore(Path.of(arguments[0])).begin(ID);
      TinyCheckpoints.write(pending.directory(), TinyCheckpoints.CONFIG, 1);
      System.out.println("written");
      Thread.sleep(60_000);
    }
  }
}
