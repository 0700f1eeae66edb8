package io.quartet.cli.stack;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;

/** A process that answers as ready, as the services do; for tests of the stack itself. */
public final class StandInService {
  private StandInService() {}

  /** Listens until it is ended; ends at once if its data folder has a file {@code broken}. */
  public static void main(String[] arguments) throws Exception {
    if (Files.exists(Path.of(System.getProperty("quartet.home"), "broken"))) {
      System.err.println("10:00:00 ERROR the disk is full");
      System.exit(3);
    }
    int port = Integer.getInteger("quarkus.http.port");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(System.getProperty("quarkus.http.host"), port), 0);
    server.createContext(
        "/q/health/ready",
        exchange -> {
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    server.start();
  }
}
