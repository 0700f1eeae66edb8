package io.quartet.cli.stack;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How a child JVM is started. */
final class Jvm {
  private Jvm() {}

  /**
   * The command up to what to run.
   *
   * @param heap largest heap, in MiB
   */
  static List<String> command(int heap) {
    List<String> command = new ArrayList<>();
    // A child must outlive the terminal's Ctrl-C, which reaches every process of the group: the
    // launcher ends its children itself, in order. The JVM leaves a signal alone that it finds
    // ignored, and exec keeps it so.
    command.addAll(List.of("/bin/sh", "-c", "trap '' INT HUP; exec \"$@\"", "quartet"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heap + "m");
    // Weights and caches lie outside the heap, within what each service plans by; the JVM would let
    // them have no more than the heap.
    command.add("-XX:MaxDirectMemorySize=1t");
    // The heap's least size is what it starts with, a 64th of the machine unless told: an idle
    // service would never fall below, and otherwise only in the fourth collection.
    command.add("-Xms32m");
    command.add("-XX:-ShrinkHeapInSteps");
    command.add("-Xss512k");
    // One collector thread and small tables: eight JVMs share the machine with the numerics.
    command.add("-XX:+UseSerialGC");
    command.add("-XX:MinHeapFreeRatio=10");
    command.add("-XX:MaxHeapFreeRatio=30");
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-Dfile.encoding=UTF-8");
    if (Runtime.version().feature() >= 24) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    return command;
  }

  /** What the child's environment has beside the launcher's. */
  static Map<String, String> environment() {
    return Map.of(
        // Idle OpenMP threads sleep instead of taking a core from another stage.
        "OMP_WAIT_POLICY", "PASSIVE",
        // A step's tensors come back to the same pages instead of being mapped anew.
        "MALLOC_MMAP_THRESHOLD_", "33554432",
        "MALLOC_TRIM_THRESHOLD_", "134217728",
        "MALLOC_ARENA_MAX", "2",
        // oneDNN keeps the code that it made for each shape: 1024 of them are 120 MB, and most
        // shapes of a stage with sequences of its own lengths never come back.
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128");
  }
}
