package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.CANCELLED;
import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.QuartetException;
import io.quartet.service.Events;
import io.quartet.service.Topic;
import io.quartet.v1.Route;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;

/**
 * The routes of all gateways, on the topic {@code quartet.routes}: each puts in force what it reads
 * there and nothing else, so that all follow one order and a new one knows what was said before.
 */
final class SharedRoutes {
  private static final Logger LOG = Logger.getLogger(SharedRoutes.class);

  private final ModelCatalog catalog;
  private final Events events;
  private final Map<Route, CompletableFuture<Void>> unread = new ConcurrentHashMap<>();

  SharedRoutes(ModelCatalog catalog, Events events) {
    this.catalog = catalog;
    this.events = events;
  }

  /**
   * Puts routes in force from now on.
   *
   * @return completes when those are in force that were there before
   */
  CompletableFuture<Void> follow() {
    return events.follow(Topic.ROUTES, this::read).caughtUp();
  }

  private void read(Route route) {
    try {
      catalog.route(route);
    } catch (QuartetException e) {
      LOG.errorf("%s: %s; skipped", Topic.ROUTES.name(), e.getMessage());
    }
    var waiting = unread.remove(route);
    if (waiting != null) {
      waiting.complete(null);
    }
  }

  /**
   * Changes a route of all gateways; returns when it is in force here.
   *
   * @throws QuartetException as {@link ModelCatalog#check}; UNAVAILABLE if the broker does not take
   *     it in time, and then it is in force once the broker does
   */
  void set(Route route, Duration patience) {
    catalog.check(route);
    var read = unread.computeIfAbsent(route, sent -> new CompletableFuture<>());
    events.publish(Topic.ROUTES, route);
    try {
      read.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new QuartetException(
          UNAVAILABLE,
          "route of '%s': not taken by the broker within %s; in force once it is"
              .formatted(route.getAlias(), patience),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuartetException(CANCELLED, "interrupted while a route is published", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e); // nobody completes it so
    }
  }
}
