package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One HTTP response, written from the answers' threads: what it cannot take it says before, and
 * whoever left it is missed at once. Safe for any thread.
 */
final class Wire {
  private final HttpServerResponse response;
  private final List<Runnable> wakes = new ArrayList<>();
  private final List<Runnable> cancels = new ArrayList<>();
  private boolean gone;
  private boolean over;

  Wire(RoutingContext context) {
    response = context.response();
    context.addEndHandler(
        end -> {
          if (end.failed()) {
            leave();
          }
        });
    response.drainHandler(drained -> wake());
    if (response.closed()) {
      leave();
    }
  }

  /** Whom to tell when more can be written, and when nobody reads any more. */
  void connect(Runnable wake, Runnable cancel) {
    boolean late;
    synchronized (this) {
      wakes.add(wake);
      cancels.add(cancel);
      late = gone;
    }
    if (late) {
      cancel.run();
    }
  }

  /** Whether little enough is unread. */
  synchronized boolean ready() {
    return !over && !gone && !response.writeQueueFull();
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
    if (!over && !gone) {
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
    cancel();
  }

  /** In whole seconds for everybody, and in the milliseconds that OpenAI's clients prefer. */
  private void retryAfter(Duration wait) {
    response
        .putHeader("Retry-After", Long.toString(wait.plusMillis(999).toSeconds()))
        .putHeader("retry-after-ms", Long.toString(wait.toMillis()));
  }

  private boolean end() {
    if (over || gone) {
      return false;
    }
    over = true;
    return true;
  }

  private void leave() {
    synchronized (this) {
      gone = true;
    }
    cancel();
  }

  private void cancel() {
    List<Runnable> all;
    synchronized (this) {
      all = List.copyOf(cancels);
    }
    all.forEach(Runnable::run);
  }

  private void wake() {
    List<Runnable> all;
    synchronized (this) {
      all = List.copyOf(wakes);
    }
    all.forEach(Runnable::run);
  }
}
