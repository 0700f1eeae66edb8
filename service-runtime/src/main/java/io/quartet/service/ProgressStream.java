package io.quartet.service;

import io.grpc.stub.ServerCallStreamObserver;
import io.quartet.v1.StageProgress;
import org.jspecify.annotations.Nullable;

/**
 * Sends a stage's progress to one watcher. A slow watcher misses steps in between, never the latest
 * and never the end.
 */
final class ProgressStream {
  private final ServerCallStreamObserver<StageProgress> responses;
  private @Nullable StageProgress unsent;
  private boolean done;

  private ProgressStream(ServerCallStreamObserver<StageProgress> responses) {
    this.responses = responses;
  }

  /** Must be called within the service method: the observer takes handlers only there. */
  static void send(StageRun run, ServerCallStreamObserver<StageProgress> responses) {
    var stream = new ProgressStream(responses);
    responses.setOnReadyHandler(stream::sendWhileReady);
    responses.setOnCancelHandler(stream::end);
    run.watch(stream::offer);
  }

  private synchronized boolean offer(StageProgress progress) {
    unsent = progress;
    sendWhileReady();
    return !done;
  }

  private synchronized void sendWhileReady() {
    if (done || unsent == null || !responses.isReady()) {
      return;
    }
    StageProgress latest = unsent;
    unsent = null;
    responses.onNext(latest);
    if (StageTransitions.terminal(latest.getState())) {
      done = true;
      responses.onCompleted();
    }
  }

  private synchronized void end() {
    done = true;
  }
}
