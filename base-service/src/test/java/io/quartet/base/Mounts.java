package io.quartet.base;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/** Disks that run full or refuse writes; where this process may not mount, the test is skipped. */
final class Mounts implements AutoCloseable {
  private final Deque<Path> mounted = new ArrayDeque<>();

  /** A new folder on a disk of its own. */
  Path smallDisk(Path folder, int mebibytes) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    mount(folder, "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "tmpfs", folder.toString());
    return folder;
  }

  /** Refuses every write into a folder from now on, to root too. */
  void refuseWrites(Path folder) {
    mount(folder, "--bind", folder.toString(), folder.toString());
    run("mount", "-o", "remount,bind,ro", folder.toString());
  }

  private void mount(Path folder, String... arguments) {
    run(Stream.concat(Stream.of("mount"), Stream.of(arguments)).toArray(String[]::new));
    mounted.push(folder);
  }

  private static void run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assumeTrue(process.waitFor() == 0, List.of(command) + ": " + output);
    } catch (IOException e) {
      assumeTrue(false, "no mount: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    while (!mounted.isEmpty()) {
      // Lazily: a checkpoint that was mapped stays so until the collector comes by.
      run("umount", "--lazy", mounted.pop().toString());
    }
  }
}
