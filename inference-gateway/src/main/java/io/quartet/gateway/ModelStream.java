package io.quartet.gateway;

import io.grpc.stub.ServerCallStreamObserver;
import io.quartet.v1.Model;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Sends every change of every model to one watcher. A slow watcher misses states in between, never
 * a model's latest; so it holds up nobody and no more than one state of each model waits for it.
 */
final class ModelStream {
  private final ServerCallStreamObserver<Model> responses;
  private final Map<String, Model> unsent = new LinkedHashMap<>();
  private boolean gone;

  private ModelStream(ServerCallStreamObserver<Model> responses) {
    this.responses = responses;
  }

  /** Must be called within the service method: the observer takes handlers only there. */
  static void send(ModelCatalog catalog, ServerCallStreamObserver<Model> responses) {
    var stream = new ModelStream(responses);
    responses.setOnReadyHandler(stream::sendWhileReady);
    Runnable end = catalog.watch(stream::offer);
    responses.setOnCancelHandler(
        () -> {
          end.run();
          stream.end();
        });
  }

  private synchronized void offer(Model model) {
    unsent.put(model.getCheckpointId(), model);
    sendWhileReady();
  }

  private synchronized void sendWhileReady() {
    Iterator<Model> models = unsent.values().iterator();
    while (!gone && models.hasNext() && responses.isReady()) {
      responses.onNext(models.next());
      models.remove();
    }
  }

  private synchronized void end() {
    gone = true;
    unsent.clear();
  }
}
