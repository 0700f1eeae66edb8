package io.quartet.model;

import java.nio.file.Path;

/**
 * Where and when a training run's snapshots are written.
 *
 * @param folder where they are
 * @param every steps from one to the next; there is always one of the last step
 * @param kept how many of the newest are kept
 */
public record Snapshots(Path folder, int every, int kept) {
  /** Checks the numbers. */
  public Snapshots {
    if (every < 1 || kept < 1) {
      throw new IllegalArgumentException(
          "snapshots: got every %d steps, %d kept, expected at least 1".formatted(every, kept));
    }
  }
}
