package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.gateway.ReaderSignals;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;

/**
 * One HTTP response, written from the answers' threads: what it cannot take it says before, and
 * whoever left it is missed at once. Safe for any thread.
 */
final class Wire {
  private final HttpServerResponse response;
  private final ReaderSignals signals = new ReaderSignals();
  private boolean over;

  Wire(RoutingContext context) {
    response = context.response();
    context.addEndHandler(end -> signals.leave()); // has all, or has left
    response.drainHandler(drained -> signals.wake());
    if (response.closed()) {
      signals.leave();
    }
  }

  /** Whom to tell when more can be written, and when nobody reads any more. */
  void connect(Runnable wake, Runnable cancel) {
    signals.connect(wake, cancel);
  }

  /** Whether little enough is unread. */
  synchronized boolean ready() {
    return open() && !response.writeQueueFull();
  }

  /** Sends a JSON body and ends. */
  synchronized void json(int status, ObjectNode body) {
    if (end()) {
      response
          .setStatusCode(status)
          .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
          .end(Buffer.buffer(body.toString()));
    }
  }

  /** Sends a server-sent event; the first begins the stream. */
  synchronized void event(ObjectNode data) {
    if (open()) {
      if (!response.headWritten()) {
        response
            .setChunked(true)
            .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream; charset=utf-8")
            .putHeader(HttpHeaders.CACHE_CONTROL, "no-cache");
      }
      response.write(Buffer.buffer("data: " + data + "\n\n"));
    }
  }

  /** Ends a stream. */
  synchronized void done() {
    if (end()) {
      response.end(Buffer.buffer("data: [DONE]\n\n"));
    }
  }

  /** Tells a failure and lets go of what is under way. */
  void fail(Throwable failure) {
    synchronized (this) {
      ErrorBody error = ErrorBody.of(failure);
      if (!response.headWritten()) {
        error.retryAfter(failure).ifPresent(this::retryAfter);
        json(error.status(), error.json());
      } else {
        // The status is long gone; OpenAI's clients look for an error in the stream.
        event(error.json());
        done();
      }
    }
    signals.leave();
  }

  /** In whole seconds for everybody, and in the milliseconds that OpenAI's clients prefer. */
  private void retryAfter(Duration wait) {
    response
        .putHeader("Retry-After", Long.toString(wait.plusMillis(999).toSeconds()))
        .putHeader("retry-after-ms", Long.toString(wait.toMillis()));
  }

  private boolean open() {
    return !over && !signals.gone();
  }

  private boolean end() {
    boolean first = open();
    over = true;
    return first;
  }
}
