package io.quartet.gateway.access;

import static io.quartet.checkpoint.ErrorCode.PERMISSION_DENIED;

import io.grpc.Context;
import io.quartet.checkpoint.QuartetException;
import io.quartet.keys.ApiKey;
import io.quartet.keys.Priority;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who asks: the owner of an API key with what is left of its quotas, or anybody where there are no
 * keys. Safe for any thread.
 */
public final class Caller {
  /** Where there are no keys: without limits. */
  public static final Caller ANYBODY = new Caller(null, System::nanoTime);

  /** The caller of the request that the current context belongs to. */
  static final Context.Key<Caller> KEY = Context.keyWithDefault("quartet-caller", ANYBODY);

  private static final String OF_HTTP = Caller.class.getName();

  private final @Nullable ApiKey key;
  private final @Nullable TokenBucket requests;
  private final @Nullable TokenBucket tokens;

  Caller(@Nullable ApiKey key, LongSupplier nanoTime) {
    this.key = key;
    this.requests =
        key != null && key.requestsPerMinute().isPresent()
            ? new TokenBucket(key.requestsPerMinute().getAsInt(), nanoTime)
            : null;
    this.tokens =
        key != null && key.tokensPerMinute().isPresent()
            ? new TokenBucket(key.tokensPerMinute().getAsInt(), nanoTime)
            : null;
  }

  /** The caller of the gRPC request, or of the HTTP request that {@link #run} was called for. */
  public static Caller current() {
    return KEY.get();
  }

  /** The caller of an HTTP request. */
  public static Caller of(RoutingContext request) {
    Caller caller = request.get(OF_HTTP);
    return caller == null ? ANYBODY : caller;
  }

  void put(RoutingContext request) {
    request.put(OF_HTTP, this);
  }

  /** Runs something on this thread with this as the {@link #current} caller. */
  public void run(Runnable work) {
    Context.current().withValue(KEY, this).run(work);
  }

  /** The key's name; {@code anybody} where there are no keys. */
  public String name() {
    return key == null ? "anybody" : key.name();
  }

  /** Of requests that name none, and the highest that they may name. */
  public Priority priority() {
    return key == null ? Priority.INTERACTIVE : key.priority();
  }

  @Nullable ApiKey key() {
    return key;
  }

  /**
   * Charges one request and the tokens that it will about use; whoever knows better tells {@link
   * #used} at its end.
   *
   * @throws QuartetException RESOURCE_EXHAUSTED, saying when to come back, if a quota is used up
   */
  public void charge(long estimatedTokens) {
    require(requests, 1, "requests");
    try {
      require(tokens, estimatedTokens, "tokens");
    } catch (QuartetException e) {
      if (requests != null) {
        requests.giveBack(1);
      }
      throw e;
    }
  }

  /** A request is over: what it used takes the place of what it was charged. */
  public void used(long estimatedTokens, long actualTokens) {
    if (tokens != null) {
      tokens.giveBack(estimatedTokens - actualTokens);
    }
  }

  /**
   * Lets only those pass that may change what is served.
   *
   * @throws QuartetException PERMISSION_DENIED
   */
  public void requireAdmin() {
    if (key != null && !key.admin()) {
      throw new QuartetException(
          PERMISSION_DENIED,
          "key '%s' may not change what is served; that takes a key with admin: true"
              .formatted(key.name()));
    }
  }

  private void require(@Nullable TokenBucket bucket, long amount, String what) {
    if (bucket == null) {
      return;
    }
    Duration wait = bucket.take(amount);
    if (!wait.isZero()) {
      throw QuartetException.retryLater(
          "key '%s': its %s of this minute are used up; try again in %d s"
              .formatted(name(), what, wait.plusMillis(999).toSeconds()),
          wait);
    }
  }
}
