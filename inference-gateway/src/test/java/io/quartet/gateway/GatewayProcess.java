package io.quartet.gateway;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The packaged gateway as its users start it. */
final class GatewayProcess implements AutoCloseable {
  private final int grpcPort = freePort();
  private final int httpPort = freePort();
  private final Path log;
  private final Process process;

  GatewayProcess(Path folder, String bootstrap) throws IOException {
    log = folder.resolve("gateway.log");
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-Dquartet.home=" + folder.resolve("home"),
                "-Dquartet.kafka.bootstrap=" + bootstrap,
                "-Dquarkus.grpc.server.port=" + grpcPort,
                "-Dquarkus.http.port=" + httpPort,
                "-jar",
                Path.of("target", "quarkus-app", "quarkus-run.jar").toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
  }

  String address() {
    return "127.0.0.1:" + grpcPort;
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
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + httpPort + "/q/health/" + kind))
                  .build(),
              BodyHandlers.discarding())
          .statusCode();
    } catch (IOException e) {
      return 0;
    }
  }

  /** Asks it to stop; its exit code. */
  int stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      throw new AssertionError("still running 20 s after SIGTERM, see " + log);
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
