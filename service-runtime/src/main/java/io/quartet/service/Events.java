package io.quartet.service;

import com.google.protobuf.MessageLite;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The events that services exchange over Kafka. A broker that is away is reported in one line and
 * waited for: what is published meanwhile is kept and sent in order, and readers go on where they
 * were.
 */
public final class Events implements AutoCloseable {
  private final BrokerLink link;
  private final Outbox outbox;
  private final List<Follower<?>> followers = new CopyOnWriteArrayList<>();

  /**
   * Returns at once; topics that are missing are created when the broker answers.
   *
   * @param bootstrap the brokers, {@code host:port[,host:port…]}
   * @param replication replicas of a topic that is created
   */
  public Events(String bootstrap, short replication) {
    link = new BrokerLink(bootstrap, replication);
    outbox = new Outbox(link);
  }

  /** The brokers, for consumers that need more than {@link #follow}, such as a share group. */
  public String bootstrap() {
    return link.bootstrap();
  }

  /** Whether the broker answered when it was last asked, at most a few seconds ago. */
  public boolean connected() {
    return link.connected();
  }

  /** Blocks until the broker answered for the first time and every topic is there. */
  public void awaitTopics() throws InterruptedException {
    link.awaitTopics();
  }

  /**
   * Publishes a message after those that were published before it, on whatever topic.
   *
   * @return completes when the broker has it
   */
  public <M extends MessageLite> CompletableFuture<Void> publish(Topic<M> topic, M message) {
    return outbox.put(topic.name(), topic.key().apply(message), message.toByteArray());
  }

  /** Hands over every message of a topic from its beginning, and then each that comes. */
  public <M extends MessageLite> Follower<M> follow(Topic<M> topic, Consumer<M> listener) {
    return follow(topic, 0, (offset, message) -> listener.accept(message));
  }

  /** Hands over every message of a topic from an offset (0: the beginning). */
  public <M extends MessageLite> Follower<M> follow(
      Topic<M> topic, long fromOffset, Follower.Listener<M> listener) {
    var follower = new Follower<>(link, topic, fromOffset, listener);
    followers.add(follower);
    return follower;
  }

  /** Sends what is left for at most a few seconds, then stops every thread. */
  @Override
  public void close() {
    followers.forEach(Follower::close);
    outbox.close();
    link.close();
  }
}
