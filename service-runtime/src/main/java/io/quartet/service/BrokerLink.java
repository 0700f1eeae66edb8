package io.quartet.service;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.jboss.logging.Logger;

/**
 * Knows whether the broker is there: one thread that creates the missing topics once and then asks
 * every few seconds. It alone reports an outage, in one line when it begins and one when it ends.
 */
final class BrokerLink implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(BrokerLink.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(4);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final String bootstrap;
  private final short replication;
  private final CountDownLatch topicsThere = new CountDownLatch(1);
  private final Thread thread;
  private volatile boolean connected;
  private boolean outageReported;

  BrokerLink(String bootstrap, short replication) {
    this.bootstrap = bootstrap;
    this.replication = replication;
    this.thread = new Thread(this::watch, "kafka-link");
    thread.setDaemon(true);
    thread.start();
  }

  String bootstrap() {
    return bootstrap;
  }

  boolean connected() {
    return connected;
  }

  /** Blocks until the broker answered for the first time and every topic is there. */
  void awaitTopics() throws InterruptedException {
    topicsThere.await();
  }

  private void watch() {
    try {
      while (true) {
        try (Admin admin = Admin.create(settings())) {
          createMissing(admin);
          topicsThere.countDown();
          while (true) {
            admin.describeCluster().nodes().get();
            up();
            Thread.sleep(PAUSE.toMillis());
          }
        } catch (ExecutionException e) {
          down(e.getCause() == null ? e : e.getCause());
        } catch (KafkaException e) { // the bootstrap name does not resolve
          down(e.getCause() == null ? e : e.getCause());
        }
        Thread.sleep(PAUSE.toMillis());
      }
    } catch (InterruptedException e) {
      connected = false; // closed
    }
  }

  private Map<String, Object> settings() {
    return Map.of(
        AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
        AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) TIMEOUT.toMillis(),
        AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) TIMEOUT.toMillis());
  }

  private void createMissing(Admin admin) throws InterruptedException, ExecutionException {
    Set<String> there = admin.listTopics().names().get();
    List<NewTopic> missing =
        Topic.ALL.stream()
            .filter(topic -> !there.contains(topic.name()))
            .map(
                topic ->
                    new NewTopic(topic.name(), 1, replication).configs(topic.retention().config()))
            .toList();
    for (var creation : admin.createTopics(missing).values().values()) {
      try {
        creation.get();
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof TopicExistsException)) { // another service was faster
          throw e;
        }
      }
    }
  }

  private void up() {
    if (!connected) {
      connected = true;
      outageReported = false;
      LOG.infof("kafka at %s is there", bootstrap);
    }
  }

  private void down(Throwable cause) {
    connected = false;
    if (!outageReported) {
      outageReported = true;
      String why = cause instanceof TimeoutException ? "no answer" : Failures.firstLine(cause);
      LOG.warnf("kafka at %s cannot be reached (%s); retrying", bootstrap, why);
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
