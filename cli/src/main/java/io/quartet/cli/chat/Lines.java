package io.quartet.cli.chat;

import java.util.Optional;

/** Where the user's lines come from. */
public interface Lines extends AutoCloseable {
  /** The next line, asked for with a prompt; empty at the end. */
  Optional<String> next(String prompt);

  /**
   * Runs something that Ctrl-C stops, and not the program.
   *
   * @param stop is run on Ctrl-C, while the work is under way
   */
  void stoppable(Runnable work, Runnable stop);

  @Override
  void close();
}
