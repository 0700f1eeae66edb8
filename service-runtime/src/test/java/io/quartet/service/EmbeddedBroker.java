package io.quartet.service;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * A real Kafka broker in the test's own process, on a free port of 127.0.0.1. As a Quarkus test
 * resource it sets {@code quartet.kafka.bootstrap} and an empty {@code quartet.home}; a plain test
 * opens one with {@link #open}.
 */
public final class EmbeddedBroker implements QuarkusTestResourceLifecycleManager, AutoCloseable {
  private final int port = freePort();
  private Path folder;
  private KafkaRaftServer server;

  /** Starts a broker; ready in about four seconds. */
  public static EmbeddedBroker open() {
    var broker = new EmbeddedBroker();
    broker.start();
    return broker;
  }

  /** A broker on a known free port that is not started yet. */
  public static EmbeddedBroker stopped() {
    return new EmbeddedBroker();
  }

  /** {@code 127.0.0.1:port}. */
  public String bootstrap() {
    return "127.0.0.1:" + port;
  }

  @Override
  public Map<String, String> start() {
    try {
      if (folder == null) {
        folder = Files.createTempDirectory("quartet-test");
      }
      Map<String, String> settings = settings();
      format(settings);
      server = new KafkaRaftServer(new KafkaConfig(settings, false), Time.SYSTEM);
      server.startup();
    } catch (Exception e) {
      throw new IllegalStateException("no broker on " + bootstrap(), e);
    }
    return Map.of(
        "quartet.kafka.bootstrap", bootstrap(), "quartet.home", folder.resolve("home").toString());
  }

  /** Stops the broker and keeps its data for another {@link #start}. */
  public void halt() {
    if (server != null) {
      server.shutdown();
      server.awaitShutdown();
      server = null;
    }
  }

  @Override
  public void stop() {
    halt();
    if (folder != null) {
      try (var tree = Files.walk(folder)) {
        for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() {
    stop();
  }

  private void format(Map<String, String> settings) throws Exception {
    if (Files.exists(logs().resolve("meta.properties"))) {
      return;
    }
    new Formatter()
        .setNodeId(1)
        .setClusterId(Uuid.randomUuid().toString())
        .setDirectories(List.of(logs().toString()))
        .setMetadataLogDirectory(logs().toString())
        .setControllerListenerName(settings.get("controller.listener.names"))
        .setPrintStream(
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
        .run();
  }

  private Map<String, String> settings() {
    int controller = freePort();
    var settings = new HashMap<String, String>();
    settings.put("process.roles", "broker,controller");
    settings.put("node.id", "1");
    settings.put("log.dirs", logs().toString());
    settings.put(
        "listeners", "PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controller);
    settings.put("advertised.listeners", "PLAINTEXT://127.0.0.1:" + port);
    settings.put("controller.listener.names", "CONTROLLER");
    settings.put("controller.quorum.voters", "1@127.0.0.1:" + controller);
    settings.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    settings.put("auto.create.topics.enable", "false");
    settings.put("group.initial.rebalance.delay.ms", "0");
    settings.put("log.cleaner.dedupe.buffer.size", "4194304");
    settings.put("log.segment.bytes", "8388608");
    settings.put("log.index.size.max.bytes", "1048576");
    for (String topic :
        List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
      settings.put(topic + ".replication.factor", "1");
      settings.put(topic + ".num.partitions", "1");
      settings.put(topic + ".min.isr", "1");
    }
    settings.remove("offsets.topic.min.isr");
    return settings;
  }

  private Path logs() {
    return folder.resolve("kafka");
  }

  private static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
