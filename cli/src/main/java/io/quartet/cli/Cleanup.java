package io.quartet.cli;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What must happen however the command ends: on return, on failure, on Ctrl-C and SIGTERM. The last
 * thing added is done first.
 */
final class Cleanup implements AutoCloseable {
  private final Deque<AutoCloseable> actions = new ArrayDeque<>();
  private final Thread hook = new Thread(this::interrupted, "cleanup");

  Cleanup() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  synchronized <T extends AutoCloseable> T add(T action) {
    actions.push(action);
    return action;
  }

  private void interrupted() {
    System.err.println("quartet: interrupted, cleaning up …");
    run();
  }

  private void run() {
    while (true) {
      AutoCloseable action;
      synchronized (this) {
        action = actions.poll();
      }
      if (action == null) {
        return;
      }
      try {
        action.close();
      } catch (Exception e) {
        // The other actions must still happen.
        System.err.println("quartet: while cleaning up: " + e.getMessage());
      }
    }
  }

  @Override
  public void close() {
    run();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM goes down already: the hook runs, and finds nothing left to do.
      return;
    }
  }
}
