package io.quartet.cli.stack;

import io.quartet.cli.Workspace;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.time.Duration;

/** Whether a process of the stack does its work by now. */
final class Readiness {
  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
  private final Workspace workspace;
  private final Ports ports;

  Readiness(Workspace workspace, Ports ports) {
    this.workspace = workspace;
    this.ports = ports;
  }

  /** The broker is ready when its topics are there. */
  boolean broker() {
    return Files.exists(workspace.data(Member.BROKER).resolve(Broker.READY));
  }

  /** A service is ready when its health endpoint says so. */
  boolean service(Member member) {
    URI uri = URI.create("http://%s:%d/q/health/ready".formatted(ports.host(), member.http()));
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(2)).build();
    try {
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      // Nothing listens yet.
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
