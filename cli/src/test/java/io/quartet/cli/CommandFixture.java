package io.quartet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Runs a command in folders of its own. */
abstract class CommandFixture {
  @TempDir Path folder;
  final ByteArrayOutputStream out = new ByteArrayOutputStream();
  final StringWriter err = new StringWriter();

  void assertFails(String message, String... arguments) {
    err.getBuffer().setLength(0);
    assertThat(run(arguments)).isEqualTo(1);
    assertThat(err).hasToString("quartet: " + message + System.lineSeparator());
  }

  int run(String... arguments) {
    CommandLine line = Quartet.commandLine(console()).setErr(new PrintWriter(err));
    String[] all = Arrays.copyOf(arguments, arguments.length + 4);
    if (line.getSubcommands().containsKey(arguments[0])
        && !List.of("recipe", "key").contains(arguments[0])) {
      all[arguments.length] = "--home";
      all[arguments.length + 1] = folder.resolve("home").toString();
      all[arguments.length + 2] = "--runs";
      all[arguments.length + 3] = folder.resolve("runs").toString();
      return line.execute(all);
    }
    return line.execute(arguments);
  }

  Console console() {
    return new Console(new PrintStream(out, true, StandardCharsets.UTF_8), false, false, 100);
  }

  String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }
}
