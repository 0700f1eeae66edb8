package io.quartet.gateway;

import io.grpc.stub.ServerCallStreamObserver;
import io.quartet.checkpoint.QuartetException;

/** One call's responses, written by all answers to it. Safe for any thread. */
final class Responses<R> {
  private final ServerCallStreamObserver<R> observer;
  private final ReaderSignals signals = new ReaderSignals();
  private boolean over;

  /** Must be made within the service method: the observer takes handlers only there. */
  Responses(ServerCallStreamObserver<R> observer) {
    this.observer = observer;
    observer.setOnReadyHandler(signals::wake);
    observer.setOnCancelHandler(signals::leave);
    observer.setOnCloseHandler(signals::leave); // the last bytes are with the network
  }

  void connect(Runnable wake, Runnable cancel) {
    signals.connect(wake, cancel);
  }

  synchronized boolean ready() {
    return !over && observer.isReady();
  }

  synchronized void next(R response) {
    if (!over) {
      observer.onNext(response);
    }
  }

  /** Sends the last one and ends. */
  synchronized void last(R response) {
    next(response);
    if (!over) {
      over = true;
      observer.onCompleted();
    }
  }

  /** Tells a failure and lets go of what is under way. */
  void fail(QuartetException failure) {
    synchronized (this) {
      if (!over) {
        over = true;
        observer.onError(failure);
      }
    }
    signals.leave();
  }
}
