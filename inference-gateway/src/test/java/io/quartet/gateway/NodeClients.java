package io.quartet.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Clients that are not ours, in another language, with the packages that their lock file names. */
final class NodeClients {
  private static final Path SOURCES = Path.of("src", "test", "node");
  private static final List<String> FILES =
      List.of("package.json", "package-lock.json", "grpc.mjs", "openai.mjs");

  private final Path folder;

  private NodeClients(Path folder) {
    this.folder = folder;
  }

  /** Whether there is a Node to run them. */
  static boolean canRun() throws InterruptedException {
    try {
      return new ProcessBuilder("node", "--version").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** Installs them. */
  static NodeClients installed(Path folder) throws Exception {
    Files.createDirectory(folder);
    for (String file : FILES) {
      Files.copy(SOURCES.resolve(file), folder.resolve(file));
    }
    var clients = new NodeClients(folder);
    clients.output("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts");
    return clients;
  }

  /** What a client has seen of the server at an address. */
  JsonNode run(String script, String address) throws Exception {
    return new ObjectMapper().readTree(output("node", script, address));
  }

  /** What a command prints; one that fails, fails the test. */
  private String output(String... command) throws Exception {
    Process process = new ProcessBuilder(command).directory(folder.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    String errors = new String(process.getErrorStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(2, MINUTES)).isTrue();
    assertThat(process.exitValue()).as("%s: %s", List.of(command), errors).isZero();
    return output;
  }
}
