package io.quartet.gateway;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.service.CheckpointAnnouncement;
import io.quartet.service.CheckpointServer;
import io.quartet.service.Events;
import io.quartet.service.Topic;
import io.quartet.v1.CheckpointPublished;
import java.io.IOException;
import java.nio.file.Path;

/** What the gateway sees of the training services: announcements, and a place to fetch from. */
public final class TrainingSide implements AutoCloseable {
  private final CheckpointStore store;
  private final Events events;
  private final CheckpointServer server;

  TrainingSide(Path folder, String bootstrap) throws IOException {
    store = new CheckpointStore(folder);
    events = new Events(bootstrap, (short) 1);
    server = new CheckpointServer(store, events);
  }

  CheckpointStore store() {
    return store;
  }

  CheckpointPublished announcement(Checkpoint checkpoint) {
    return CheckpointAnnouncement.of(checkpoint, server.endpoint());
  }

  void announce(Checkpoint checkpoint) {
    announce(announcement(checkpoint));
  }

  void announce(CheckpointPublished announcement) {
    events.publish(Topic.CHECKPOINTS, announcement).join();
  }

  @Override
  public void close() {
    server.close();
    events.close();
  }
}
