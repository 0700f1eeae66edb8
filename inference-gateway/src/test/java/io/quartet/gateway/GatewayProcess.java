package io.quartet.gateway;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The packaged gateway as its users start it. */
final class GatewayProcess implements AutoCloseable {
  private final int grpcPort = freePort();
  private final int httpPort = freePort();
  private final Path log;
  private final Process process;

  GatewayProcess(Path folder, String bootstrap) throws IOException {
    this(folder, bootstrap, Map.of());
  }

  /**
   * @param properties beside folder, broker and ports
   */
  GatewayProcess(Path folder, String bootstrap, Map<String, String> properties) throws IOException {
    log = folder.resolve("gateway.log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx256m");
    command.add("-Dquartet.home=" + folder.resolve("home"));
    command.add("-Dquartet.kafka.bootstrap=" + bootstrap);
    command.add("-Dquarkus.grpc.server.port=" + grpcPort);
    command.add("-Dquarkus.http.port=" + httpPort);
    // Where the machine is busy a start may hold an event loop up, which is no failure.
    command.add("-Dquarkus.vertx.max-event-loop-execute-time=60s");
    properties.forEach((key, value) -> command.add("-D" + key + "=" + value));
    command.add("-jar");
    command.add(Path.of("target", "quarkus-app", "quarkus-run.jar").toString());
    process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
  }

  String address() {
    return "127.0.0.1:" + grpcPort;
  }

  String http() {
    return "http://127.0.0.1:" + httpPort;
  }

  Path log() {
    return log;
  }

  long pid() {
    return process.pid();
  }

  /** The status of a health check, 0 while nothing listens. */
  int health(String kind) throws InterruptedException {
    try {
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(URI.create(http() + "/q/health/" + kind)).build(),
              BodyHandlers.discarding())
          .statusCode();
    } catch (IOException e) {
      return 0;
    }
  }

  /** Asks it to stop. */
  void terminate() {
    process.destroy();
  }

  /** Asks it to stop; its exit code. */
  int stop() throws InterruptedException {
    terminate();
    return exitCode();
  }

  /** Waits for its end. */
  int exitCode() throws InterruptedException {
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      throw new AssertionError("still running after 20 s, see " + log);
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  private static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
