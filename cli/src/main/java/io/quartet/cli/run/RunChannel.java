package io.quartet.cli.run;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.stack.Topics;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Submits and cancels runs, and hears of them, through the broker. */
public final class RunChannel implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration END = Duration.ofSeconds(60);
  private static final List<TopicPartition> PARTITIONS =
      List.of(
          new TopicPartition(Topics.RUNS, 0),
          new TopicPartition(Topics.CHECKPOINTS, 0),
          new TopicPartition(Topics.PROGRESS, 0));

  private final String bootstrap;
  private final KafkaConsumer<String, byte[]> consumer;

  /**
   * Connects, to hear everything from the beginning.
   *
   * @throws QuartetException UNAVAILABLE if no broker answers
   */
  public RunChannel(String bootstrap) {
    this.bootstrap = bootstrap;
    requireListening();
    this.consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                bootstrap,
                "default.api.timeout.ms",
                (int) TIMEOUT.toMillis(),
                "enable.auto.commit",
                false),
            new StringDeserializer(),
            new ByteArrayDeserializer());
    consumer.assign(PARTITIONS);
    consumer.seekToBeginning(PARTITIONS);
    try {
      consumer.endOffsets(PARTITIONS);
    } catch (KafkaException e) {
      close();
      throw unavailable(e);
    }
  }

  /**
   * Publishes a run: every stage hears of it.
   *
   * @return what was published, to cancel it by
   */
  public RunSubmitted submit(String run, String recipeYaml) {
    Instant now = Instant.now();
    RunSubmitted submission =
        RunSubmitted.newBuilder()
            .setRun(run)
            .setRecipeYaml(recipeYaml)
            .setSubmitted(
                Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()))
            .build();
    publish(submission);
    return submission;
  }

  /** Cancels every stage of a run. */
  public void cancel(RunSubmitted submission) {
    publish(cancelled(submission));
  }

  /** What cancels a submission. */
  public static RunSubmitted cancelled(RunSubmitted submission) {
    return submission.toBuilder().setCancelled(true).build();
  }

  private void publish(RunSubmitted message) {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers",
            bootstrap,
            "max.block.ms",
            TIMEOUT.toMillis(),
            "delivery.timeout.ms",
            (int) TIMEOUT.toMillis(),
            "request.timeout.ms",
            (int) TIMEOUT.toMillis() / 2);
    try (var producer =
        new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
      producer
          .send(new ProducerRecord<>(Topics.RUNS, message.getRun(), message.toByteArray()))
          .get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (KafkaException | ExecutionException | TimeoutException e) {
      throw unavailable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuartetException(ErrorCode.CANCELLED, "interrupted while publishing the run", e);
    }
  }

  /** The events that came since the last call, waiting a while for the first. */
  public List<Message> poll(Duration wait) {
    List<Message> events = new ArrayList<>();
    for (ConsumerRecord<String, byte[]> record : consumer.poll(wait)) {
      byte[] value = record.value();
      if (value != null) {
        events.add(parse(record.topic(), value));
      }
    }
    return events;
  }

  /**
   * Every event up to now.
   *
   * @throws QuartetException UNAVAILABLE if the broker stops answering
   */
  public List<Message> all() {
    List<Message> events = new ArrayList<>();
    try {
      Map<TopicPartition, Long> ends = consumer.endOffsets(PARTITIONS);
      long deadline = System.nanoTime() + TIMEOUT.toNanos();
      while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
        events.addAll(poll(Duration.ofMillis(200)));
        if (System.nanoTime() > deadline) {
          throw new QuartetException(
              ErrorCode.UNAVAILABLE, "the broker at %s stopped answering".formatted(bootstrap));
        }
      }
    } catch (KafkaException e) {
      throw unavailable(e);
    }
    return events;
  }

  /**
   * Every event up to now, of a broker that nothing more is asked.
   *
   * @throws QuartetException UNAVAILABLE if none answers
   */
  public static List<Message> all(String bootstrap) {
    try (RunChannel channel = new RunChannel(bootstrap)) {
      return channel.all();
    }
  }

  /**
   * Every event up to now, and to the end of a run that is being cancelled: a stage that has not
   * stopped yet would not hear that the run is submitted again.
   */
  public List<Message> allToTheEndOf(String run) {
    List<Message> events = all();
    RunView view = new RunView(run);
    events.forEach(view::add);
    long deadline = System.nanoTime() + END.toNanos();
    while (view.cancelled() && view.underWay() && System.nanoTime() < deadline) {
      List<Message> more = poll(Duration.ofMillis(200));
      more.forEach(view::add);
      events.addAll(more);
    }
    return events;
  }

  private static Message parse(String topic, byte[] value) {
    try {
      return switch (topic) {
        case Topics.RUNS -> RunSubmitted.parseFrom(value);
        case Topics.CHECKPOINTS -> CheckpointPublished.parseFrom(value);
        default -> StageProgress.parseFrom(value);
      };
    } catch (InvalidProtocolBufferException e) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS,
          "topic %s: got %d bytes '%s…', expected a protobuf message"
              .formatted(
                  topic,
                  value.length,
                  new String(value, 0, Math.min(20, value.length), StandardCharsets.US_ASCII)),
          e);
    }
  }

  private QuartetException unavailable(Exception cause) {
    return new QuartetException(
        ErrorCode.UNAVAILABLE,
        "no broker answers at %s: is the stack up?".formatted(bootstrap),
        cause);
  }

  /** Kafka's clients take a refused connection for a broker that will be back, and wait. */
  private void requireListening() {
    String[] address = bootstrap.split(":", 2);
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(address[0], Integer.parseInt(address[1])),
          (int) TIMEOUT.toMillis());
    } catch (IOException e) {
      throw unavailable(e);
    }
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(Duration.ZERO));
  }
}
