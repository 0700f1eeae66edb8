package io.quartet.bench.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.cli.stack.Broker;
import io.quartet.service.CheckpointAnnouncement;
import io.quartet.service.CheckpointServer;
import io.quartet.service.Events;
import io.quartet.service.Topic;
import io.quartet.v1.GetModelRequest;
import io.quartet.v1.ModelServiceGrpc;
import io.quartet.v1.ModelState;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The packaged gateway with a heap of 512 MB, a broker, and a store that it fetches from. */
final class GatewayStack implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(90);

  private final List<Process> processes = new ArrayList<>();
  private final Path folder;
  private final Process gateway;
  private final URI metrics;
  private final Weights weights;
  private final Events events;
  private final CheckpointServer server;
  private final ManagedChannel channel;

  /**
   * Starts everything; ready when the first weights, {@code sft/bench/1}, are.
   *
   * @param project the project's root, built
   * @param folder an empty one, for the store and the logs
   * @param slots of the gateway
   * @param waiting of the gateway
   */
  GatewayStack(Path project, Path folder, int slots, int waiting) throws IOException {
    this.folder = folder;
    int broker = freePort();
    int grpc = freePort();
    int http = freePort();
    metrics = URI.create("http://127.0.0.1:" + http + "/q/metrics");
    processes.add(
        java(
            "broker",
            "-Xmx384m",
            "-cp",
            System.getProperty("java.class.path"),
            Broker.class.getName(),
            folder.resolve("broker").toString(),
            "127.0.0.1",
            Integer.toString(broker)));
    gateway =
        java(
            "gateway",
            "-Xmx512m",
            "-Dquartet.home=" + folder.resolve("gateway"),
            "-Dquartet.kafka.bootstrap=127.0.0.1:" + broker,
            "-Dquarkus.grpc.server.port=" + grpc,
            "-Dquarkus.http.port=" + http,
            "-Dquartet.gateway.slots=" + slots,
            "-Dquartet.gateway.waiting=" + waiting,
            "-Dquartet.gateway.waiting-tokens=" + (long) waiting * Weights.SHAPE.contextLength(),
            "-Dquartet.gateway.threads=2",
            "-jar",
            project.resolve("inference-gateway/target/quarkus-app/quarkus-run.jar").toString());
    processes.add(gateway);
    var store = new CheckpointStore(folder.resolve("store"));
    weights = new Weights(store, project);
    events = new Events("127.0.0.1:" + broker, (short) 1);
    server = new CheckpointServer(store, events);
    // Without a thread for each answer: the client shares the cores with what it measures.
    channel =
        Grpc.newChannelBuilder("127.0.0.1:" + grpc, InsecureChannelCredentials.create())
            .directExecutor()
            .build();
    announce(1);
  }

  /** Publishes and announces {@code sft/bench/STEP}, and waits until it serves. */
  void announce(long step) {
    CheckpointId id = CheckpointId.parse("sft/bench/" + step);
    Checkpoint checkpoint = weights.publish(id);
    events
        .publish(Topic.CHECKPOINTS, CheckpointAnnouncement.of(checkpoint, server.endpoint()))
        .join();
    long end = System.nanoTime() + START.toNanos();
    while (!serves(id)) {
      if (System.nanoTime() > end || !gateway.isAlive()) {
        throw new IllegalStateException("%s does not serve; see %s".formatted(id, folder));
      }
      pause(Duration.ofMillis(20));
    }
  }

  ManagedChannel channel() {
    return channel;
  }

  /** Where the weights of an announced step lie. */
  Path weights(long step) {
    return folder.resolve("store").resolve("sft/bench/" + step);
  }

  /** Bytes of the gateway's heap that are alive, after a full collection. */
  long liveHeap() throws IOException {
    jcmd("GC.run");
    String info = jcmd("GC.heap_info");
    return java.util.regex.Pattern.compile("used (\\d+)K")
        .matcher(info)
        .results()
        .limit(info.contains("garbage-first") ? 1 : 2)
        .mapToLong(match -> 1024 * Long.parseLong(match.group(1)))
        .sum();
  }

  /** Tokens of all answers that the decoder is done with. */
  long generated() throws IOException {
    try (var lines =
        new BufferedReader(new InputStreamReader(metrics.toURL().openStream(), UTF_8))) {
      return lines
          .lines()
          .filter(line -> line.startsWith("quartet_gateway_generation_tokens_total{"))
          .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' '))))
          .sum();
    }
  }

  /** Resident bytes of the gateway's process. */
  long resident() throws IOException {
    try (var lines = Files.lines(Path.of("/proc", Long.toString(gateway.pid()), "status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }
  }

  static void pause(Duration duration) {
    try {
      Thread.sleep(duration.toMillis());
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted", e);
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.close();
    events.close();
    for (int i = processes.size() - 1; i >= 0; i--) {
      Process process = processes.get(i);
      process.destroy();
      try {
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
      }
    }
  }

  private boolean serves(CheckpointId id) {
    try {
      return ModelServiceGrpc.newBlockingStub(channel)
              .withWaitForReady()
              .withDeadlineAfter(30, TimeUnit.SECONDS)
              .get(GetModelRequest.newBuilder().setModel(id.toString()).build())
              .getState()
          == ModelState.MODEL_STATE_READY;
    } catch (io.grpc.StatusRuntimeException e) {
      return false;
    }
  }

  private String jcmd(String command) throws IOException {
    Process process =
        new ProcessBuilder(home("jcmd"), Long.toString(gateway.pid()), command).start();
    return new String(process.getInputStream().readAllBytes(), UTF_8);
  }

  private Process java(String name, String... arguments) throws IOException {
    var command = new ArrayList<String>();
    command.add(home("java"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve(name + ".log").toFile())
        .start();
  }

  private static String home(String tool) {
    return Path.of(System.getProperty("java.home"), "bin", tool).toString();
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
