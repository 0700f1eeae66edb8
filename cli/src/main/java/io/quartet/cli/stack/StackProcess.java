package io.quartet.cli.stack;

import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Workspace;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A process of the stack, as its file in the process folder tells.
 *
 * @param name of the process
 * @param pid of the process
 * @param started when, in milliseconds since 1970: another process may get the number later
 */
record StackProcess(String name, long pid, long started) {
  static final String SUFFIX = ".pid";
  private static final Duration CLOCK_SLACK = Duration.ofSeconds(2);

  /**
   * Starts a process and notes it down; its output goes to the end of its log.
   *
   * @param environment what it is told beside the launcher's own
   */
  static StackProcess start(
      String name, List<String> command, Map<String, String> environment, Workspace workspace) {
    Path log = workspace.logs().resolve(name + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(Jvm.environment());
    // It is the launcher's data directory; a service's own comes on its command line.
    builder.environment().remove("QUARTET_HOME");
    // Whatever group the launcher itself may be in is not the services'.
    builder.environment().keySet().removeAll(Member.GROUP_VARIABLES);
    builder.environment().putAll(environment);
    Path file = workspace.processes().resolve(name + SUFFIX);
    try {
      Process process = builder.start();
      long started = process.info().startInstant().map(i -> i.toEpochMilli()).orElse(0L);
      Files.writeString(file, process.pid() + " " + started + "\n");
      return new StackProcess(name, process.pid(), started);
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  /** What the process folder lists, by name; processes that are gone included. */
  static List<StackProcess> list(Workspace workspace) {
    if (!Files.isDirectory(workspace.processes())) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(workspace.processes())) {
      return files
          .filter(f -> f.getFileName().toString().endsWith(SUFFIX))
          .sorted()
          .flatMap(f -> parse(f).stream())
          .toList();
    } catch (IOException e) {
      throw QuartetException.reading(workspace.processes(), e);
    }
  }

  private static Optional<StackProcess> parse(Path file) {
    String name = file.getFileName().toString();
    String[] words = Workspace.read(file).strip().split(" ");
    // A launcher killed while it wrote leaves an empty file: there is no process to find in it.
    return words.length == 2
        ? Optional.of(
            new StackProcess(
                name.substring(0, name.length() - SUFFIX.length()),
                Long.parseLong(words[0]),
                Long.parseLong(words[1])))
        : Optional.empty();
  }

  /** The living process, absent once it ended. */
  Optional<ProcessHandle> handle() {
    return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).filter(this::isThis);
  }

  private boolean isThis(ProcessHandle handle) {
    return handle
        .info()
        .startInstant()
        .map(i -> Math.abs(i.toEpochMilli() - started) <= CLOCK_SLACK.toMillis())
        .orElse(true);
  }

  boolean alive() {
    return handle().isPresent();
  }

  /** Forgets the process. */
  void forget(Workspace workspace) {
    Path file = workspace.processes().resolve(name + SUFFIX);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  /** Asks processes to end, all at once, and makes those do that have not after a while. */
  static void end(List<StackProcess> processes, Duration grace) {
    List<ProcessHandle> handles = processes.stream().flatMap(p -> p.handle().stream()).toList();
    handles.forEach(ProcessHandle::destroy);
    long deadline = System.nanoTime() + grace.toNanos();
    for (ProcessHandle handle : handles) {
      if (!await(handle, Math.max(1, deadline - System.nanoTime()))) {
        handle.destroyForcibly();
        await(handle, TimeUnit.SECONDS.toNanos(2));
      }
    }
  }

  /** Polls, because a stack left up by another command has no children to wait for. */
  private static boolean await(ProcessHandle handle, long nanos) {
    long deadline = System.nanoTime() + nanos;
    while (handle.isAlive()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }
}
