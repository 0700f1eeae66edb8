package io.quartet.service;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.v1.CheckpointPublished;
import java.util.concurrent.CompletableFuture;

/** The local store, what is said about it to others, and what comes into it from them. */
public final class CheckpointExchange {
  private final CheckpointStore store;
  private final RemoteCheckpointStore remote;
  private final Events events;
  private final String endpoint;

  /**
   * @param endpoint host:port under which others reach this process's CheckpointService
   */
  public CheckpointExchange(
      CheckpointStore store, RemoteCheckpointStore remote, Events events, String endpoint) {
    this.store = store;
    this.remote = remote;
    this.events = events;
    this.endpoint = endpoint;
  }

  /** The local store. */
  public CheckpointStore store() {
    return store;
  }

  /** host:port under which others reach this process's CheckpointService. */
  public String endpoint() {
    return endpoint;
  }

  /** A local checkpoint as others see it. */
  public CheckpointPublished describe(Checkpoint checkpoint) {
    return CheckpointAnnouncement.of(checkpoint, endpoint);
  }

  /**
   * Announces a local checkpoint on {@code quartet.checkpoints}.
   *
   * @return completes when the broker has it
   */
  public CompletableFuture<Void> announce(Checkpoint checkpoint) {
    return events.publish(Topic.CHECKPOINTS, describe(checkpoint));
  }

  /** See {@link RemoteCheckpointStore#fetch}. */
  public Checkpoint fetch(CheckpointPublished announcement) throws InterruptedException {
    return remote.fetch(announcement);
  }
}
