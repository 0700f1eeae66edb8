package io.quartet.gateway.openai;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.gateway.ReaderSignals;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP response, written from the answers' threads: what it cannot take it says before, and
 * whoever left it is missed at once. It is over when the network has its last byte. Safe for any
 * thread.
 */
final class Wire {
  private static final Logger LOG = Logger.getLogger(Wire.class);
  private static final String KEY = Wire.class.getName();
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Bytes of a body that are written at once. */
  private static final int PIECE = 1 << 16;

  private final HttpServerResponse response;
  private final ReaderSignals signals = new ReaderSignals();
  private final Runnable over;
  private final Vertx vertx;
  private @Nullable Body body; // what is left of it; guarded by this
  private volatile boolean halfway; // some of the body is written, and not all
  private boolean last; // nobody may say more; guarded by this
  private boolean ended; // the response has its last byte; guarded by this

  private Wire(RoutingContext context, Runnable over) {
    this.response = context.response();
    this.over = over;
    this.vertx = context.vertx();
    context.addEndHandler(
        end -> {
          if (end.failed() || !ended()) {
            leave();
          }
        });
    response.drainHandler(
        drained -> {
          if (halfway) {
            writeOnElsewhere();
          }
          signals.wake();
        });
    if (response.closed()) {
      leave();
    }
  }

  /**
   * Begins a response.
   *
   * @param over run, once or more often, when its last byte is with the network or nobody reads it
   */
  static void begin(RoutingContext context, Runnable over) {
    context.put(KEY, new Wire(context, over));
  }

  /** The response that has begun. */
  static Wire of(RoutingContext context) {
    return requireNonNull(context.<Wire>get(KEY));
  }

  /** Whom to tell when more can be written, and when nobody reads any more. */
  void connect(Runnable wake, Runnable cancel) {
    signals.connect(wake, cancel);
  }

  /** Whether more can be said, and little enough is unread. */
  synchronized boolean ready() {
    return open() && !response.writeQueueFull();
  }

  /** Sends a JSON body and ends. */
  void json(int status, ObjectNode body) {
    json(status, JsonPart.of(json -> json.writeTree(body)));
  }

  /** Sends a JSON body, as fast as its reader takes it, and ends. */
  synchronized void json(int status, Stream<JsonPart> parts) {
    if (last()) {
      response.setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, "application/json");
      body = new Body(parts);
      writeOn(1);
      if (halfway) {
        writeOnElsewhere();
      }
    }
  }

  /**
   * On a thread that may take its time: not the network's, and not one that others' tokens need.
   */
  private void writeOnElsewhere() {
    vertx
        .executeBlocking(
            () -> {
              writeOn(Integer.MAX_VALUE);
              return true;
            },
            false)
        .onFailure(failure -> LOG.errorf(failure, "a reply broke off"));
  }

  /** Writes so many pieces of the body, as long as the reader takes them. */
  private synchronized void writeOn(int pieces) {
    try {
      for (int i = 0;
          i < pieces && body != null && !signals.gone() && !response.writeQueueFull();
          i++) {
        Buffer piece = body.next();
        halfway = body.hasNext();
        if (!halfway) {
          body = null;
          end(piece);
          return;
        }
        if (!response.headWritten()) {
          response.setChunked(true);
        }
        response.write(piece);
      }
    } catch (RuntimeException e) { // a reader of half a body must not wait for the rest
      body = null;
      halfway = false;
      response.reset();
      throw e;
    }
  }

  /** Sends a server-sent event; the first begins the stream. */
  synchronized void event(Stream<JsonPart> data) {
    if (open()) {
      if (!response.headWritten()) {
        response
            .setChunked(true)
            .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream; charset=utf-8")
            .putHeader(HttpHeaders.CACHE_CONTROL, "no-cache");
      }
      var event = new Body(data);
      Buffer text = Buffer.buffer("data: ");
      while (event.hasNext()) {
        text.appendBuffer(event.next());
      }
      response.write(text.appendString("\n\n"));
    }
  }

  /** Ends a stream. */
  synchronized void done() {
    if (last()) {
      end(Buffer.buffer("data: [DONE]\n\n"));
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
        event(JsonPart.of(json -> json.writeTree(error.json())));
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
    return !last && !signals.gone();
  }

  private boolean last() {
    boolean first = open();
    last = true;
    return first;
  }

  private void end(Buffer piece) {
    ended = true;
    response.end(piece).onComplete(written -> leave());
  }

  private synchronized boolean ended() {
    return ended;
  }

  /** The reader has all, or has left. */
  private void leave() {
    signals.leave();
    over.run();
  }

  /** A JSON text, some of it at a time. */
  private static final class Body {
    private final Iterator<JsonPart> parts;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final JsonGenerator json;

    Body(Stream<JsonPart> parts) {
      this.parts = parts.iterator();
      try {
        json = JSON.createGenerator(bytes);
      } catch (IOException e) {
        throw new UncheckedIOException(e); // there is no file behind it
      }
    }

    boolean hasNext() {
      return parts.hasNext();
    }

    Buffer next() {
      try {
        while (parts.hasNext() && bytes.size() < PIECE) {
          parts.next().write(json);
        }
        if (!parts.hasNext()) {
          json.close();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e); // likewise
      }
      Buffer piece = Buffer.buffer(bytes.toByteArray());
      bytes.reset();
      return piece;
    }
  }
}
