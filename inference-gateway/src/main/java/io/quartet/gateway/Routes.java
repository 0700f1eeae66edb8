package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.Route;
import java.util.EnumMap;
import java.util.Map;

/** What each stage's name is to stand for. Guarded by its {@link ModelCatalog}. */
final class Routes {
  private final Map<Stage, Route> routes = new EnumMap<>(Stage.class);

  /** The route of a stage's name. */
  Route of(Stage stage) {
    return routes.getOrDefault(stage, Route.newBuilder().setAlias(stage.label()).build());
  }

  /** The stage whose name a route is about; INVALID_ARGUMENT if it is none that generates. */
  static Stage stage(Route route) {
    for (Stage stage : ModelIndex.STAGES) {
      if (stage.label().equals(route.getAlias())) {
        return stage;
      }
    }
    throw invalid("alias '%s', expected base, sft or rl".formatted(route.getAlias()));
  }

  /** Refuses a share without a canary, and the other way round. */
  static Route checked(Route route) {
    int share = route.getCanaryPercent();
    if (route.getCanary().isEmpty() && share != 0) {
      throw invalid("canary_percent %d and no canary".formatted(share));
    }
    if (!route.getCanary().isEmpty() && (share < 1 || share > 100)) {
      throw invalid("canary_percent %d, expected 1 to 100".formatted(share));
    }
    if (!route.getCanary().isEmpty() && route.getCanary().equals(route.getPinned())) {
      throw invalid("'%s' is pinned and its own canary".formatted(route.getCanary()));
    }
    return route;
  }

  /** Puts a route in force. */
  void put(Route route) {
    routes.put(stage(route), route);
  }

  private static QuartetException invalid(String what) {
    return new QuartetException(INVALID_ARGUMENT, "route: " + what);
  }
}
