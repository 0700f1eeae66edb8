package io.quartet.service;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reads a topic in order from an offset, for ever, on a thread of its own and outside of any
 * consumer group: a compacted topic is a table that every service reads whole.
 */
public final class Follower<M extends MessageLite> implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(Follower.class);
  private static final Duration POLL = Duration.ofMillis(250);
  private static final Duration RETRY = Duration.ofSeconds(1);

  /** Takes one record; called on the follower's thread, in order. */
  public interface Listener<M> {
    /**
     * @param offset the record's offset; to go on after it, follow from {@code offset + 1}
     * @param message the record's value
     */
    void accept(long offset, M message);
  }

  private final BrokerLink link;
  private final Topic<M> topic;
  private final TopicPartition partition;
  private final Listener<M> listener;
  private final CompletableFuture<Void> caughtUp = new CompletableFuture<>();
  private final Thread thread;
  private long next;
  private volatile boolean closed;
  private volatile @Nullable KafkaConsumer<String, byte[]> consumer;

  Follower(BrokerLink link, Topic<M> topic, long fromOffset, Listener<M> listener) {
    this.link = link;
    this.topic = topic;
    this.partition = new TopicPartition(topic.name(), 0);
    this.listener = listener;
    this.next = fromOffset;
    this.thread = new Thread(this::follow, "follow-" + topic.name());
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Completes once every record that was there when following began has been handed over; its
   * dependents run on the follower's thread, between two records.
   */
  public CompletableFuture<Void> caughtUp() {
    return caughtUp;
  }

  private void follow() {
    try {
      link.awaitTopics();
      while (!closed) {
        try (var opened = open()) {
          consumer = opened;
          follow(opened);
        } catch (WakeupException | InterruptException e) {
          return; // closed
        } catch (KafkaException e) {
          LOG.debugf(e, "reading %s", topic.name()); // the link reports the outage
          Thread.sleep(RETRY.toMillis());
        } finally {
          consumer = null;
        }
      }
    } catch (InterruptedException e) {
      LOG.debugf("stopped following %s", topic.name());
    }
  }

  private void follow(KafkaConsumer<String, byte[]> opened) {
    opened.assign(List.of(partition));
    if (next == 0) {
      opened.seekToBeginning(List.of(partition));
    } else {
      opened.seek(partition, next);
    }
    long end = opened.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
    while (!closed) {
      opened.poll(POLL).forEach(this::hand);
      next = opened.position(partition);
      if (next >= end) {
        caughtUp.complete(null);
      }
    }
  }

  private void hand(ConsumerRecord<String, byte[]> record) {
    if (record.value() == null) {
      return; // a tombstone
    }
    try {
      listener.accept(record.offset(), topic.parser().parseFrom(record.value()));
    } catch (InvalidProtocolBufferException e) {
      LOG.errorf(
          "%s, offset %d: %d bytes that are no message of this topic (%s); skipped",
          topic.name(), record.offset(), record.value().length, Failures.firstLine(e));
    } catch (RuntimeException e) {
      // One record that cannot be handled must not hide those that follow it.
      LOG.errorf(e, "%s, offset %d could not be handled", topic.name(), record.offset());
    }
  }

  private KafkaConsumer<String, byte[]> open() {
    Map<String, Object> settings =
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            link.bootstrap(),
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            "earliest",
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
            false,
            ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
            false,
            ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
            10_000);
    return new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
  }

  /** Stops; no record is handed over after the one under way. */
  @Override
  public void close() {
    closed = true;
    var opened = consumer;
    if (opened != null) {
      opened.wakeup(); // an interrupt would hit the consumer while it closes, and it complains
    } else {
      thread.interrupt();
    }
  }
}
