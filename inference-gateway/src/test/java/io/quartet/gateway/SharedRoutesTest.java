package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.Events;
import io.quartet.v1.Route;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What is said to one gateway and heard by all. */
class SharedRoutesTest extends CatalogFixture {
  private static final Duration PATIENT = Duration.ofMinutes(1);
  private static final Route PINNED = Route.newBuilder().setAlias("rl").setPinned("rl/r/1").build();

  @Test
  void aRouteIsInForceAtEveryGatewayAndAtThoseThatStartLater() {
    announce("rl/r/1", 1);
    ModelCatalog second = catalog(MODEL);
    ModelCatalog third = catalog(MODEL);
    try (var broker = EmbeddedBroker.open();
        var events = new Events(broker.bootstrap(), (short) 1)) {
      var routes = new SharedRoutes(catalog, events);
      routes.follow().join();
      new SharedRoutes(second, events).follow().join();

      routes.set(PINNED, PATIENT);
      assertThat(catalog.routes()).contains(PINNED);
      await().until(() -> second.routes().contains(PINNED));

      new SharedRoutes(third, events).follow().join();
      assertThat(third.routes()).contains(PINNED);

      Route newest = Route.newBuilder().setAlias("rl").build();
      routes.set(newest, PATIENT);
      assertThat(catalog.routes()).contains(newest);
      await().until(() -> third.routes().contains(newest));
    }
  }

  @Test
  void withoutABrokerARouteIsNotInForceAndSaysSo() {
    announce("rl/r/1", 1);
    try (var events = new Events("127.0.0.1:1", (short) 1)) {
      var routes = new SharedRoutes(catalog, events);
      routes.follow();

      assertThatThrownBy(() -> routes.set(PINNED, Duration.ZERO))
          .isInstanceOfSatisfying(
              QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE))
          .hasMessage("route of 'rl': not taken by the broker within PT0S; in force once it is");
      assertThat(catalog.routes()).doesNotContain(PINNED);
    }
  }
}
