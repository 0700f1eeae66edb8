package io.quartet.cli.chat;

import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.TerminalBuilder;

/**
 * Lines that somebody types: with editing, a history that outlives the program, and completion of
 * commands. Ctrl-C drops the line, Ctrl-D on an empty one is the end.
 */
public final class TypedLines implements Lines {
  private static final int REMEMBERED = 1000;

  private final Path history;
  private final Terminal terminal;
  private final LineReader reader;

  TypedLines(Terminal terminal, Path history, List<String> commands) {
    this.history = history;
    this.terminal = terminal;
    reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .completer(new StringsCompleter(commands))
            .variable(LineReader.HISTORY_FILE, history)
            .variable(LineReader.HISTORY_SIZE, REMEMBERED)
            .variable(LineReader.HISTORY_FILE_SIZE, REMEMBERED)
            // An exclamation mark is one, and recalls nothing.
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .build();
  }

  /**
   * Takes the process's terminal.
   *
   * @param history file of what was typed before
   * @param commands offered for completion
   * @throws QuartetException if the terminal cannot be had
   */
  public static TypedLines open(Path history, List<String> commands) {
    try {
      return new TypedLines(
          TerminalBuilder.builder().system(true).name("quartet").build(), history, commands);
    } catch (IOException e) {
      throw QuartetException.reading(Path.of("the terminal"), e);
    }
  }

  /** Where to write while lines are being read: JLine's own view of the terminal. */
  public PrintStream out() {
    return new PrintStream(terminal.output(), true, terminal.encoding());
  }

  @Override
  public Optional<String> next(String prompt) {
    while (true) {
      try {
        return Optional.of(reader.readLine(prompt));
      } catch (UserInterruptException e) {
        if (e.getPartialLine().isEmpty()) {
          terminal.writer().println("Ctrl-D or /quit leaves.");
          terminal.flush();
        }
      } catch (EndOfFileException e) {
        return Optional.empty();
      }
    }
  }

  @Override
  public void stoppable(Runnable work, Runnable stop) {
    Terminal.SignalHandler before = terminal.handle(Signal.INT, signal -> stop.run());
    try {
      work.run();
    } finally {
      terminal.handle(Signal.INT, before);
    }
  }

  @Override
  public void close() {
    try {
      reader.getHistory().save();
      terminal.close();
    } catch (IOException e) {
      throw QuartetException.writing(history, e);
    }
  }
}
