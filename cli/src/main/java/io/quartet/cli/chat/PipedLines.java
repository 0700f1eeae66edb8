package io.quartet.cli.chat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Lines of a file or a pipe: nobody is there to prompt, and Ctrl-C ends the program. */
public final class PipedLines implements Lines {
  private final BufferedReader in;

  /** Reads UTF-8. */
  public PipedLines(InputStream in) {
    this.in = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
  }

  @Override
  public Optional<String> next(String prompt) {
    try {
      return Optional.ofNullable(in.readLine());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void stoppable(Runnable work, Runnable stop) {
    work.run();
  }

  @Override
  public void close() {}
}
