package io.quartet.cli;

import java.util.logging.Level;
import java.util.logging.Logger;

/** What the libraries' loggers may say. */
public final class Logs {
  // A logger that nobody holds is collected, and its level with it.
  private static final Logger ROOT = Logger.getLogger("");

  private Logs() {}

  /** Nothing: the command itself says in one line what went wrong. */
  public static void off() {
    ROOT.setLevel(Level.OFF);
  }

  /** Warnings, one line each, for a process with a log of its own. */
  public static void warnings() {
    System.setProperty(
        "java.util.logging.SimpleFormatter.format", "%1$tF %1$tT %4$s %3$s %5$s%6$s%n");
    ROOT.setLevel(Level.WARNING);
  }
}
