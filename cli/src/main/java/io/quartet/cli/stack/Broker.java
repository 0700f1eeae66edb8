package io.quartet.cli.stack;

import io.quartet.cli.Logs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * A Kafka broker of one node that is its own controller (KRaft), as a process. It creates Quartet's
 * topics and then the file {@code ready} in its folder.
 */
public final class Broker {
  static final String READY = "ready";

  private final Path folder;
  private final Ports ports;

  private Broker(Path folder, Ports ports) {
    this.folder = folder;
    this.ports = ports;
  }

  /** Arguments: folder, host, port. Runs until it is terminated. */
  public static void main(String[] arguments) throws Exception {
    Logs.warnings();
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    Ports ports = new Ports(arguments[1], Integer.parseInt(arguments[2]));
    new Broker(folder, ports).run();
  }

  private void run() throws Exception {
    Path ready = folder.resolve(READY);
    Files.deleteIfExists(ready);
    Path log = folder.resolve("log");
    if (!Files.exists(log.resolve("meta.properties"))) {
      format(log);
    }
    KafkaRaftServer server =
        new KafkaRaftServer(new KafkaConfig(properties(log), false), Time.SYSTEM);
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown, "broker-shutdown"));
    server.startup();
    createTopics();
    Files.createFile(ready);
    server.awaitShutdown();
  }

  private static void format(Path log) throws Exception {
    new Formatter()
        .setClusterId(Uuid.randomUuid().toString())
        .setNodeId(1)
        .setReleaseVersion(MetadataVersion.latestProduction())
        .setControllerListenerName("CONTROLLER")
        .setMetadataLogDirectory(log.toString())
        .addDirectory(log.toString())
        .run();
  }

  private Properties properties(Path log) {
    Properties properties = new Properties();
    properties.putAll(
        Map.of(
            "process.roles", "broker,controller",
            "node.id", "1",
            "controller.quorum.voters", "1@%s:%d".formatted(ports.host(), ports.controller()),
            "listeners",
                "PLAINTEXT://%s,CONTROLLER://%s:%d"
                    .formatted(ports.bootstrap(), ports.host(), ports.controller()),
            "advertised.listeners", "PLAINTEXT://" + ports.bootstrap(),
            "controller.listener.names", "CONTROLLER",
            "listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs", log.toString(),
            "auto.create.topics.enable", "false",
            "controlled.shutdown.enable", "false"));
    // One node: every internal topic has one partition and one replica.
    for (String topic : List.of("offsets.topic", "transaction.state.log")) {
      properties.put(topic + ".replication.factor", "1");
      properties.put(topic + ".num.partitions", "1");
    }
    properties.put("transaction.state.log.min.isr", "1");
    properties.put("share.coordinator.state.topic.replication.factor", "1");
    properties.put("share.coordinator.state.topic.num.partitions", "1");
    properties.put("share.coordinator.state.topic.min.isr", "1");
    properties.put("group.initial.rebalance.delay.ms", "0");
    // A handful of clients and small records: few threads, small buffers.
    properties.put("num.network.threads", "2");
    properties.put("num.io.threads", "2");
    properties.put("background.threads", "2");
    properties.put("log.cleaner.dedupe.buffer.size", "4194304");
    return properties;
  }

  private void createTopics() throws ExecutionException, InterruptedException {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", ports.bootstrap()))) {
      for (NewTopic topic : Topics.all()) {
        try {
          admin.createTopics(List.of(topic)).all().get();
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof TopicExistsException)) {
            throw e;
          }
        }
      }
      // A worker that joins late still takes the requests that wait, and one that dies gives its
      // requests back after the lock's duration.
      admin
          .incrementalAlterConfigs(
              Map.of(
                  new ConfigResource(ConfigResource.Type.GROUP, Topics.SHARE_GROUP),
                  List.of(
                      set("share.auto.offset.reset", "earliest"),
                      set("share.record.lock.duration.ms", "30000"))))
          .all()
          .get(30, TimeUnit.SECONDS);
    } catch (java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException("the broker did not take the share group's settings", e);
    }
  }

  private static AlterConfigOp set(String key, String value) {
    return new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET);
  }
}
