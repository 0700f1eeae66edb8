package io.quartet.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.jboss.logging.Logger;

/** How much memory this process has had resident, as Linux counts it: heap, tensors, libraries. */
final class ResidentMemory {
  /** The metric of a stage's progress that says its peak, in bytes. */
  static final String PEAK = "peak_resident_bytes";

  private static final Logger LOG = Logger.getLogger(ResidentMemory.class);
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path CLEAR = Path.of("/proc/self/clear_refs");
  private static final String RESET_PEAK = "5";

  private ResidentMemory() {}

  /** Counts the peak from now on; where that is refused it stays the process's. */
  static void resetPeak() {
    try {
      Files.writeString(CLEAR, RESET_PEAK);
    } catch (IOException e) {
      LOG.debug("the peak of resident memory stays", e); // not Linux, or /proc is read-only
    }
  }

  /** The peak in bytes; empty where there is no /proc. */
  static OptionalLong peak() {
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst();
    } catch (IOException e) {
      LOG.debug("resident memory is unknown", e);
      return OptionalLong.empty();
    }
  }
}
