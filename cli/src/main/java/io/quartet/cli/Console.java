package io.quartet.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Where the command writes.
 *
 * @param out standard output, UTF-8
 * @param live whether lines may be redrawn
 * @param color whether colours may be used
 * @param width columns of a line
 */
public record Console(PrintStream out, boolean live, boolean color, int width) {
  private static final int DEFAULT_WIDTH = 100;

  /** A style of the terminal. */
  public enum Style {
    /** For what matters. */
    BOLD("1"),
    /** For what matters less. */
    FAINT("2"),
    /** For what went wrong. */
    RED("31"),
    /** For what is done. */
    GREEN("32"),
    /** For what is under way. */
    CYAN("36");

    private final String code;

    Style(String code) {
      this.code = code;
    }
  }

  /** The process's own: live on a terminal, colours unless {@code NO_COLOR} is set. */
  public static Console standard(Map<String, String> environment) {
    // The script asks the shell: a JVM cannot tell whether its output is a terminal.
    boolean terminal = Boolean.getBoolean("quartet.terminal");
    boolean dumb = environment.getOrDefault("TERM", "dumb").equals("dumb");
    boolean color = terminal && !dumb && environment.getOrDefault("NO_COLOR", "").isEmpty();
    int width = Integer.getInteger("quartet.columns", DEFAULT_WIDTH);
    var out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    return new Console(out, terminal && !dumb, color, width > 0 ? width : DEFAULT_WIDTH);
  }

  /** A text in a style, or as it is where colours are off. */
  public String styled(Style style, String text) {
    return color ? "\u001b[" + style.code + "m" + text + "\u001b[0m" : text;
  }

  /** Writes a line. */
  public void line(String text) {
    out.println(text);
  }
}
