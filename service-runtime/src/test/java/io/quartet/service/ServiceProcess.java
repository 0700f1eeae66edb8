package io.quartet.service;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A packaged service as a process of its own, on free ports of 127.0.0.1. */
public final class ServiceProcess implements AutoCloseable {
  private final Process process;
  private final Path log;

  private ServiceProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Starts {@code target/quarkus-app} of the module under test.
   *
   * @param properties override the free ports, and say home and broker
   */
  public static ServiceProcess start(Path log, Map<String, String> properties) throws IOException {
    return start(log, properties, Map.of());
  }

  /**
   * The same with environment variables beside this process's own.
   *
   * @param environment such as {@code RANK}
   */
  public static ServiceProcess start(
      Path log, Map<String, String> properties, Map<String, String> environment)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC"));
    command.add("-Dquarkus.grpc.server.port=" + freePort());
    command.add("-Dquarkus.http.port=" + freePort());
    properties.forEach((key, value) -> command.add("-D" + key + "=" + value));
    command.addAll(List.of("-jar", Path.of("target/quarkus-app/quarkus-run.jar").toString()));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    return new ServiceProcess(builder.start(), log);
  }

  /** A port that nobody listens on. */
  public static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What it printed so far. */
  public String output() throws IOException {
    return Files.readString(log);
  }

  /**
   * Lets it write no file beyond this many bytes from now on, as a full disk would.
   *
   * @param bytes a number or {@code unlimited}
   */
  public void limitFileSize(String bytes) throws IOException, InterruptedException {
    Process limit =
        new ProcessBuilder("prlimit", "--pid=" + process.pid(), "--fsize=" + bytes + ":unlimited")
            .inheritIO()
            .start();
    if (limit.waitFor() != 0) {
      throw new AssertionError("prlimit ended with " + limit.exitValue());
    }
  }

  /** Asks it to stop, as Kubernetes does, and waits for its exit code. */
  public int terminate() throws InterruptedException {
    process.destroy();
    return exitCode();
  }

  /** Waits for its exit code. */
  public int exitCode() throws InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError("the process is still there");
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
