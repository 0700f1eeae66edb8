package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.Model;
import io.quartet.v1.Route;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What each stage's name means, whether that is in memory or not, and which of those in memory
 * answers to it until then. Guarded by its {@link ModelCatalog}.
 */
final class StageNames {
  /** Of each stage; whoever goes back goes back by one. */
  private static final int KEPT = 2;

  private final ModelIndex index;
  private final Routes routes = new Routes();
  private final Map<Stage, ModelEntry> serving = new EnumMap<>(Stage.class);

  StageNames(ModelIndex index) {
    this.index = index;
  }

  /** The route of every stage's name. */
  List<Route> routes() {
    return ModelIndex.STAGES.stream().map(routes::of).toList();
  }

  /** Refuses a wrong route: INVALID_ARGUMENT or NOT_FOUND saying what is wrong with it. */
  void check(Route route) {
    Stage stage = Routes.stage(route);
    requireOfStage(stage, Routes.checked(route).getPinned());
    requireOfStage(stage, route.getCanary());
  }

  /**
   * Puts a route in force. What it names comes back into memory if it has made room for others, and
   * counts once it is announced.
   *
   * @return the stage whose name it is about
   * @throws QuartetException INVALID_ARGUMENT if it is wrong whatever there is
   */
  Stage route(Route route) {
    Stage stage = Routes.stage(Routes.checked(route));
    routes.put(route);
    Stream.concat(meant(stage).stream(), canary(stage).stream())
        .filter(ModelEntry::evicted)
        .forEach(ModelEntry::want);
    return stage;
  }

  private void requireOfStage(Stage stage, String id) {
    if (!id.isEmpty() && index.find(id).id().stage() != stage) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "route of '%s': '%s', expected a checkpoint of that stage".formatted(stage.label(), id));
    }
  }

  /** What the routes want in memory and is not: of each stage what its name means, its canary. */
  Optional<ModelEntry> candidate(Instant now) {
    return ModelIndex.STAGES.stream()
        .flatMap(stage -> awaited(stage, now).or(() -> awaitedCanary(stage, now)).stream())
        .findFirst();
  }

  private Optional<ModelEntry> awaited(Stage stage, Instant now) {
    for (ModelEntry entry : preferred(stage)) {
      if (entry.awaited(now)) {
        return Optional.of(entry);
      }
      if (entry.servable()) {
        break; // what comes after it is not meant
      }
    }
    return Optional.empty();
  }

  private Optional<ModelEntry> awaitedCanary(Stage stage, Instant now) {
    return canary(stage).filter(entry -> entry.awaited(now));
  }

  /**
   * What a stage's name may mean, best first: the pinned, and for as long as that cannot be loaded
   * what has the name; or else from the newest on. The canary only if there is nothing else.
   */
  private List<ModelEntry> preferred(Stage stage) {
    Optional<ModelEntry> pinned = index.known(routes.of(stage).getPinned());
    Stream<ModelEntry> stable =
        pinned.isPresent()
            ? Stream.concat(pinned.stream(), Optional.ofNullable(serving.get(stage)).stream())
            : index.newestFirst(stage).stream().filter(entry -> !isCanary(entry));
    return Stream.concat(stable, canary(stage).stream()).toList();
  }

  /** What a stage's name means: the best that did not fail, or else the best. */
  private Optional<ModelEntry> meant(Stage stage) {
    List<ModelEntry> preferred = preferred(stage);
    return preferred.stream()
        .filter(ModelEntry::servable)
        .findFirst()
        .or(() -> preferred.stream().findFirst());
  }

  /**
   * Gives a stage's name to the best that is in memory, unless what has it is better: what was
   * evicted has lost nothing to those that are older.
   *
   * @return the one that has lost the name and takes no share of it either, if any is in memory
   */
  Optional<ModelEntry> promote(Stage stage) {
    @Nullable ModelEntry before = serving.get(stage);
    boolean betterIsComing = false;
    for (ModelEntry entry : preferred(stage)) {
      if (entry.inMemory() && !(betterIsComing && isCanary(entry))) {
        serving.put(stage, entry);
        return Optional.ofNullable(before)
            .filter(old -> old != entry && old.inMemory() && !isCanary(old));
      }
      if (entry.servable() && entry == before) {
        return Optional.empty();
      }
      betterIsComing |= entry.servable();
    }
    return Optional.empty();
  }

  private Optional<ModelEntry> canary(Stage stage) {
    return index.known(routes.of(stage).getCanary());
  }

  private boolean isCanary(ModelEntry entry) {
    return routes.of(entry.id().stage()).getCanary().equals(entry.id().toString());
  }

  /**
   * Whether its files are likely to be wanted again: it is in memory or on its way there, a route
   * names it, or it is among its stage's newest.
   */
  boolean worthKeeping(ModelEntry entry) {
    Stage stage = entry.id().stage();
    return entry.inMemory()
        || entry.arriving()
        || isCanary(entry)
        || routes.of(stage).getPinned().equals(entry.id().toString())
        || index.newestFirst(stage).stream().limit(KEPT).anyMatch(entry::equals);
  }

  /**
   * Those in memory that may make room, the least recently used first: before all others those that
   * no stage's name stands for.
   *
   * @param arriving what the room is for; what serves its stage's name stays until it is there
   */
  List<ModelEntry> evictable(ModelEntry arriving) {
    return index
        .generating()
        .filter(entry -> entry.inMemory() && entry != arriving)
        .filter(entry -> !answers(entry) || entry.id().stage() != arriving.id().stage())
        .sorted(
            Comparator.<ModelEntry, Boolean>comparing(this::answers)
                .thenComparingLong(ModelEntry::used))
        .toList();
  }

  /** Whether it answers to a stage's name, to all requests or to some. */
  private boolean answers(ModelEntry entry) {
    return serving.containsValue(entry) || isCanary(entry);
  }

  /**
   * The entry of a name for all requests that are no canary's: {@code base}, {@code sft}, {@code
   * rl}, or a checkpoint id.
   *
   * @throws QuartetException as {@link ModelIndex#find}
   */
  ModelEntry find(String name) {
    for (Stage stage : ModelIndex.STAGES) {
      if (stage.label().equals(name)) {
        return answering(stage).orElseThrow(() -> index.unknown(name));
      }
    }
    return index.find(name);
  }

  /** What serves; else what the name means. */
  private Optional<ModelEntry> answering(Stage stage) {
    return Optional.ofNullable(serving.get(stage))
        .filter(ModelEntry::inMemory)
        .or(() -> meant(stage));
  }

  /** The canary that a request for a name should go to, if it is in memory or was evicted. */
  Optional<ModelEntry> canary(String name, Sticky sticky) {
    return ModelIndex.STAGES.stream()
        .filter(stage -> stage.label().equals(name))
        .flatMap(stage -> canary(stage).stream())
        .filter(entry -> entry.inMemory() || entry.evicted())
        .filter(entry -> sticky.within(entry.id().toString(), share(entry)))
        .findFirst();
  }

  private int share(ModelEntry canary) {
    return routes.of(canary.id().stage()).getCanaryPercent();
  }

  /** The entry as the API tells it. */
  Model describe(ModelEntry entry) {
    Stage stage = entry.id().stage();
    Optional<ModelEntry> canary = canary(stage).filter(ModelEntry::inMemory);
    // A name that nothing has answered to yet selects nothing.
    boolean serves = serving.containsKey(stage) && answering(stage).orElse(null) == entry;
    int percent = 0;
    if (serves) {
      percent = 100 - canary.filter(other -> other != entry).map(this::share).orElse(0);
    } else if (canary.filter(other -> other == entry).isPresent()) {
      percent = share(entry);
    }
    return entry.describe(serves ? List.of(stage.label()) : List.of(), percent);
  }
}
