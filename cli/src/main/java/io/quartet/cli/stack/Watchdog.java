package io.quartet.cli.stack;

import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Workspace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * A small shell that ends the stack when the launcher dies without a word, be it by SIGKILL: it
 * waits at a pipe whose other end is the launcher's.
 */
final class Watchdog {
  private static final String SCRIPT =
      """
      trap '' INT HUP TERM
      read -r order
      [ "$order" = leave ] && exit 0
      for signal in TERM KILL; do
        for file in "$1"/*.pid; do
          read -r pid started <"$file" && kill -$signal "$pid"
        done
        [ $signal = TERM ] && sleep 5
      done 2>/dev/null
      rm -f "$1"/*.pid
      """;

  private final Process process;

  private Watchdog(Process process) {
    this.process = process;
  }

  static Watchdog start(Workspace workspace) {
    try {
      return new Watchdog(
          new ProcessBuilder(
                  "/bin/sh", "-c", SCRIPT, "quartet-watchdog", workspace.processes().toString())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start());
    } catch (IOException e) {
      throw QuartetException.writing(workspace.processes(), e);
    }
  }

  /** Ends the watch and leaves every process alone. */
  void leave() {
    try (var out = process.getOutputStream()) {
      out.write("leave\n".getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      // The watchdog is gone already, killed by someone: then nothing is left to end.
      process.destroyForcibly();
    }
  }
}
