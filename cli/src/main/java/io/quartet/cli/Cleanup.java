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
  private final Object running = new Object();
  private final Runnable first;

  Cleanup() {
    this(() -> {});
  }

  /**
   * @param first what an interruption does before it is told
   */
  Cleanup(Runnable first) {
    this.first = first;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  synchronized <T extends AutoCloseable> T add(T action) {
    actions.push(action);
    return action;
  }

  private void interrupted() {
    first.run();
    System.err.println("quartet: interrupted, cleaning up …");
    run();
  }

  private void run() {
    // The hook's end is the JVM's: it waits for what the command's own thread has begun.
    synchronized (running) {
      runAll();
    }
  }

  private void runAll() {
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
