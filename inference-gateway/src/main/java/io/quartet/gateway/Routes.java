package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INTERNAL;
import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.ListRoutesResponse;
import io.quartet.v1.Route;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What each stage's name stands for, kept in a file, so that a pin outlives the process. Guarded by
 * its {@link ModelCatalog}.
 */
final class Routes {
  private final @Nullable Path file;
  private final Map<Stage, Route> routes = new EnumMap<>(Stage.class);

  private Routes(@Nullable Path file) {
    this.file = file;
  }

  /** Every name stands for its stage's newest; nothing is kept. */
  static Routes unkept() {
    return new Routes(null);
  }

  /**
   * The routes of a file; none if it is not there.
   *
   * @throws QuartetException INVALID_ARGUMENT if it is no list of routes
   */
  static Routes of(Path file) {
    var routes = new Routes(file);
    if (Files.exists(file)) {
      var kept = ListRoutesResponse.newBuilder();
      try {
        JsonFormat.parser().merge(Files.readString(file), kept);
      } catch (InvalidProtocolBufferException e) {
        throw new QuartetException(
            INVALID_ARGUMENT, "%s: no routes (%s)".formatted(file, e.getMessage()), e);
      } catch (IOException e) {
        throw QuartetException.reading(file, e);
      }
      kept.getRoutesList().forEach(route -> routes.routes.put(stage(route), checked(route)));
    }
    return routes;
  }

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

  /** Puts a route in force and keeps it. */
  void put(Route route) {
    Map<Stage, Route> next = new EnumMap<>(Stage.class);
    next.putAll(routes);
    next.put(stage(route), route);
    if (file != null) {
      write(file, List.copyOf(next.values()));
    }
    routes.putAll(next);
  }

  private static void write(Path file, List<Route> routes) {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    try {
      Files.writeString(
          next,
          JsonFormat.printer().print(ListRoutesResponse.newBuilder().addAllRoutes(routes)) + "\n");
      Files.move(next, file, ATOMIC_MOVE, REPLACE_EXISTING);
    } catch (InvalidProtocolBufferException e) {
      throw new QuartetException(INTERNAL, "routes: " + e.getMessage(), e);
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  private static QuartetException invalid(String what) {
    return new QuartetException(INVALID_ARGUMENT, "route: " + what);
  }
}
