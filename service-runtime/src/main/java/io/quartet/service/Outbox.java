package io.quartet.service;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jboss.logging.Logger;

/**
 * Sends records one after the other, each until the broker has it: nothing is dropped or reordered
 * when the broker is away, and nobody who publishes ever waits for it.
 */
final class Outbox implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(Outbox.class);
  private static final Duration RETRY = Duration.ofMillis(500);
  private static final Duration LAST_WORDS = Duration.ofSeconds(3);
  private static final int LARGEST_RECORD_BYTES = 8 << 20;

  private record Letter(
      ProducerRecord<String, byte[]> record, CompletableFuture<Void> acknowledged) {}

  private final BrokerLink link;
  private final LinkedBlockingQueue<Letter> letters = new LinkedBlockingQueue<>();
  private final Thread thread;
  private volatile CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

  Outbox(BrokerLink link) {
    this.link = link;
    this.thread = new Thread(this::send, "kafka-outbox");
    thread.setDaemon(true);
    thread.start();
  }

  CompletableFuture<Void> put(String topic, String key, byte[] value) {
    var letter =
        new Letter(new ProducerRecord<>(topic, 0, key, value), new CompletableFuture<Void>());
    synchronized (letters) { // so that `last` is the queue's last
      letters.add(letter);
      last = letter.acknowledged();
    }
    return letter.acknowledged();
  }

  private void send() {
    try {
      link.awaitTopics();
      var producer = open();
      try {
        while (true) {
          send(producer, letters.take());
        }
      } finally {
        producer.close(Duration.ZERO); // close() would wait, and fail on an interrupted thread
      }
    } catch (InterruptedException e) {
      LOG.debugf("closed with %d events left", letters.size());
    }
  }

  private static void send(KafkaProducer<String, byte[]> producer, Letter letter)
      throws InterruptedException {
    while (true) {
      try {
        producer.send(letter.record()).get();
        letter.acknowledged().complete(null);
        return;
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RecordTooLargeException) {
          LOG.errorf("%s: %s", letter.record().topic(), Failures.firstLine(e.getCause()));
          letter.acknowledged().completeExceptionally(e.getCause());
          return;
        }
        Thread.sleep(RETRY.toMillis()); // the link reports the outage
      } catch (InterruptException e) {
        throw new InterruptedException();
      } catch (KafkaException e) { // no metadata within max.block.ms
        Thread.sleep(RETRY.toMillis());
      }
    }
  }

  private KafkaProducer<String, byte[]> open() {
    Map<String, Object> settings =
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            link.bootstrap(),
            ProducerConfig.ACKS_CONFIG,
            "all",
            ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
            true,
            ProducerConfig.MAX_BLOCK_MS_CONFIG,
            5_000,
            ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
            5_000,
            ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
            15_000,
            ProducerConfig.BUFFER_MEMORY_CONFIG,
            2L * LARGEST_RECORD_BYTES,
            ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
            LARGEST_RECORD_BYTES);
    return new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
  }

  /** Gives what is still to be sent a moment, then stops. */
  @Override
  public void close() {
    if (link.connected()) {
      try {
        last.get(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        LOG.warnf("the last event was not published to %s", link.bootstrap());
      }
    }
    thread.interrupt();
  }
}
