package io.quartet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.quartet.cli.run.RunChannel;
import io.quartet.cli.stack.FreePorts;
import io.quartet.cli.stack.LocalStack;
import io.quartet.recipe.Recipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;

/** The real stack in a folder, owned by this JVM, so that it ends even if the test is killed. */
final class TestStack implements AutoCloseable {
  private static final Path INSTALLATION = Path.of("..").toAbsolutePath().normalize();

  private final Path folder;
  private final LocalStack stack;

  private TestStack(Path folder, LocalStack stack) {
    this.folder = folder;
    this.stack = stack;
  }

  static TestStack start(Path folder, int rolloutWorkers) throws Exception {
    Workspace workspace =
        new Workspace(INSTALLATION, folder.resolve("home"), folder.resolve("runs"));
    LocalStack stack = LocalStack.of(workspace, FreePorts.choose(), rolloutWorkers, line -> {});
    Logs.off();
    try {
      stack.start();
      assertThat(stack.lines()).allMatch(l -> l.state().equals("ready"));
    } catch (Exception | AssertionError e) {
      stack.close(); // while its folder is still there to say which processes they are
      throw e;
    }
    return new TestStack(folder, stack);
  }

  /** Hears of every run from the beginning. */
  RunChannel channel() {
    return new RunChannel(stack.ports().bootstrap());
  }

  /** host:port of the gateway's gRPC. */
  String gateway() {
    return stack.gateway();
  }

  /** host:port of the reward service's gRPC. */
  String rewardService() {
    return stack.ports().host() + ":" + (stack.ports().base() + 38);
  }

  /** Makes one call on a connection of its own. */
  static <R> R call(String address, Function<ManagedChannel, R> call) {
    ManagedChannel channel = NettyChannelBuilder.forTarget(address).usePlaintext().build();
    try {
      return call.apply(channel);
    } finally {
      channel.shutdownNow();
    }
  }

  /** Starts again what has ended. */
  void repair() {
    stack.check();
  }

  ProcessHandle process(String name) throws Exception {
    String line = Files.readString(folder.resolve("home/processes/" + name + ".pid"));
    return ProcessHandle.of(Long.parseLong(line.split(" ")[0])).orElseThrow();
  }

  List<ProcessHandle> processes() throws Exception {
    List<ProcessHandle> processes = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder.resolve("home/processes"))) {
      for (Path file : files.toList()) {
        long pid = Long.parseLong(Files.readString(file).split(" ")[0]);
        ProcessHandle.of(pid).ifPresent(processes::add);
      }
    }
    return processes;
  }

  /** The tiny recipe with changes, as a file. */
  String recipe(String name, String changes) throws Exception {
    String tiny = Recipe.committedYaml("tiny");
    Path file = folder.resolve(name + ".yaml");
    StringBuilder yaml = new StringBuilder();
    // A section that changes replaces the recipe's own; tiny's other sections stay.
    String section = changes.isEmpty() ? "" : changes.substring(0, changes.indexOf(':'));
    boolean skip = false;
    for (String line : tiny.lines().toList()) {
      if (!line.startsWith(" ")) {
        skip = !section.isEmpty() && line.startsWith(section + ":");
      }
      if (!skip) {
        yaml.append(line).append('\n');
      }
    }
    Files.writeString(file, yaml.append(changes));
    return file.toString();
  }

  /** Runs the command to its end. */
  Launched launch(String... arguments) throws Exception {
    Launched launched = launchWithoutWaiting(arguments);
    launched.exitCode();
    return launched;
  }

  Launched launchWithoutWaiting(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-Dquartet.installation=" + INSTALLATION,
                "-cp",
                System.getProperty("java.class.path"),
                "io.quartet.cli.Quartet"));
    command.addAll(List.of(arguments));
    command.add("--home=" + folder.resolve("home"));
    command.add("--runs=" + folder.resolve("runs"));
    Path output = Files.createTempFile(folder, "output", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    return new Launched(process, output);
  }

  /** The command as a process, and the file that has what it prints. */
  record Launched(Process process, Path file) {
    int exitCode() throws Exception {
      if (!process.waitFor(4, TimeUnit.MINUTES)) {
        process.destroy();
        throw new AssertionError("not ended after four minutes: " + output());
      }
      return process.exitValue();
    }

    String output() throws Exception {
      return Files.readString(file, StandardCharsets.UTF_8);
    }

    void awaitOutput(String text) throws Exception {
      await(
          () -> {
            assertThat(process.isAlive() || output().contains(text)).as(output()).isTrue();
            return output().contains(text);
          });
    }
  }

  /** Waits four minutes at most: the machine may be busy. */
  static void await(Condition condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(4);
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("waited four minutes").isLessThan(deadline);
      Thread.sleep(200);
    }
  }

  /** What is waited for. */
  interface Condition {
    boolean holds() throws Exception;
  }

  @Override
  public void close() {
    stack.close();
  }
}
