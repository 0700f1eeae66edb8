package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;
import static io.quartet.checkpoint.ErrorCode.NOT_FOUND;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Model;
import io.quartet.v1.Route;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The announced checkpoints by name and by age, and the one that each stage's name stands for.
 * Guarded by its {@link ModelCatalog}.
 */
final class ModelIndex {
  /** The stages whose checkpoints generate text. */
  static final List<Stage> STAGES = List.of(Stage.BASE, Stage.SFT, Stage.RL);

  private static final int NAMED = 20;

  private final Map<String, ModelEntry> entries = new TreeMap<>();
  private final Map<Stage, ModelEntry> serving = new EnumMap<>(Stage.class);
  private final Routes routes;
  private long announcements;

  /**
   * @param routes what each stage's name stands for
   */
  ModelIndex(Routes routes) {
    this.routes = routes;
  }

  Routes routes() {
    return routes;
  }

  /** Notes an announcement, of a new checkpoint or of a known one. */
  ModelEntry announced(CheckpointPublished announcement) {
    var id = CheckpointId.parse(announcement.getCheckpointId());
    ModelEntry known = entries.get(id.toString());
    if (known != null) {
      known.announcedAgain(announcement);
      return known;
    }
    var entry = new ModelEntry(id, announcements++, announcement);
    entries.put(id.toString(), entry);
    return entry;
  }

  /** The entry of an earlier announcement. */
  ModelEntry entry(CheckpointPublished announcement) {
    ModelEntry entry = entries.get(announcement.getCheckpointId());
    if (entry == null) {
      throw new IllegalStateException(announcement.getCheckpointId() + " was never announced");
    }
    return entry;
  }

  /** Those that generate, by stage and the newest first. */
  Stream<ModelEntry> generating() {
    return STAGES.stream().flatMap(stage -> newestFirst(stage).stream());
  }

  /** Whether its checkpoint generates text. */
  static boolean generates(ModelEntry entry) {
    return STAGES.contains(entry.id().stage());
  }

  /**
   * What should be loaded now, if anything: what somebody waits for, then each stage's newest.
   *
   * @param newest whether it is known yet which are the newest
   */
  Optional<ModelEntry> candidate(Instant now, boolean newest) {
    Optional<ModelEntry> wanted =
        generating().filter(entry -> entry.wanted() && entry.loadable(now)).findFirst();
    if (wanted.isPresent() || !newest) {
      return wanted;
    }
    return STAGES.stream().flatMap(stage -> routed(stage, now).stream()).findFirst();
  }

  /** What a stage's route wants in memory and is not: the pinned or the newest, then the canary. */
  private Optional<ModelEntry> routed(Stage stage, Instant now) {
    Route route = routes.of(stage);
    Optional<ModelEntry> stable =
        pinned(stage).isPresent()
            ? pinned(stage).filter(entry -> awaited(entry, now))
            : newer(stage, now);
    return stable.or(() -> known(route.getCanary()).filter(entry -> awaited(entry, now)));
  }

  private static boolean awaited(ModelEntry entry, Instant now) {
    return !entry.evicted() && entry.loadable(now);
  }

  /** The checkpoint that a stage's name is pinned to, if it was announced. */
  private Optional<ModelEntry> pinned(Stage stage) {
    return known(routes.of(stage).getPinned());
  }

  private Optional<ModelEntry> known(String id) {
    return Optional.ofNullable(entries.get(id));
  }

  /** When the next failure that may pass is worth another attempt. */
  Optional<Instant> nextRetry(Instant now) {
    return entries.values().stream()
        .filter(ModelEntry::mayPass)
        .map(ModelEntry::retryAt)
        .filter(at -> at.isAfter(now))
        .min(Comparator.naturalOrder());
  }

  /**
   * Gives the stage's name to the pinned checkpoint, or else the newest, if it is in memory;
   * returns the one that has lost it and takes no share of it either, if any.
   */
  Optional<ModelEntry> promote(Stage stage) {
    Optional<ModelEntry> next = inMemory(pinned(stage));
    if (next.isEmpty() && (pinned(stage).isEmpty() || !serving.containsKey(stage))) {
      String canary = routes.of(stage).getCanary();
      next =
          newestFirst(stage).stream()
              .filter(entry -> entry.model() != null && !entry.id().toString().equals(canary))
              .findFirst()
              .or(() -> inMemory(known(canary)));
    }
    if (next.isEmpty()) {
      return Optional.empty();
    }
    ModelEntry now = next.get();
    @Nullable ModelEntry before = serving.put(stage, now);
    return Optional.ofNullable(before).filter(entry -> entry != now && !isCanary(entry));
  }

  private static Optional<ModelEntry> inMemory(Optional<ModelEntry> entry) {
    return entry.filter(found -> found.model() != null);
  }

  private boolean isCanary(ModelEntry entry) {
    return routes.of(entry.id().stage()).getCanary().equals(entry.id().toString());
  }

  /**
   * Those in memory that may make room, the least recently used first: before all others those that
   * no stage's name stands for.
   *
   * @param arriving what the room is for; what serves its stage's name stays until it is there
   */
  List<ModelEntry> evictable(ModelEntry arriving) {
    return generating()
        .filter(entry -> entry.model() != null && entry != arriving)
        .filter(entry -> !routed(entry) || entry.id().stage() != arriving.id().stage())
        .sorted(
            Comparator.<ModelEntry, Boolean>comparing(this::routed)
                .thenComparingLong(ModelEntry::used))
        .toList();
  }

  /** Whether a stage's name stands for it, for all requests or for some. */
  private boolean routed(ModelEntry entry) {
    return serving.containsValue(entry) || isCanary(entry);
  }

  /** The entry of a name, for one request; see {@link #find(String)}. */
  ModelEntry find(String name, Sticky sticky) {
    ModelEntry stable = find(name);
    if (!stable.id().stage().label().equals(name)) {
      return stable;
    }
    Route route = routes.of(stable.id().stage());
    return inMemory(known(route.getCanary()))
        .filter(canary -> sticky.within(route.getCanary(), route.getCanaryPercent()))
        .orElse(stable);
  }

  /** The checkpoint of a route, which must be one of its stage's; INVALID_ARGUMENT, NOT_FOUND. */
  void requireOfStage(Stage stage, String id) {
    if (id.isEmpty()) {
      return;
    }
    ModelEntry entry = entries.get(id);
    if (entry == null) {
      throw unknown(id);
    }
    if (entry.id().stage() != stage) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "route of '%s': '%s', expected a checkpoint of that stage".formatted(stage.label(), id));
    }
  }

  /**
   * The entry of a name: {@code base}, {@code sft}, {@code rl}, or a checkpoint id.
   *
   * @throws QuartetException NOT_FOUND naming the models that are there; INVALID_ARGUMENT for no
   *     name and for a reward model
   */
  ModelEntry find(String name) {
    if (name.isEmpty()) {
      throw new QuartetException(INVALID_ARGUMENT, "model: no name, expected one of " + names());
    }
    for (Stage stage : STAGES) {
      if (stage.label().equals(name)) {
        return find(stage);
      }
    }
    ModelEntry entry = entries.get(name);
    if (entry == null && !name.equals(Stage.REWARD.label())) {
      throw unknown(name);
    }
    if (entry == null || !generates(entry)) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "model '%s' is a reward model, which scores answers and writes none; expected one of %s"
              .formatted(name, names()));
    }
    return entry;
  }

  /** The entry as the API tells it. */
  Model describe(ModelEntry entry) {
    Stage stage = entry.id().stage();
    Route route = routes.of(stage);
    boolean canaryAnswers = inMemory(known(route.getCanary())).isPresent();
    boolean serves = serving.get(stage) == entry;
    int share = 0;
    if (serves) {
      share = canaryAnswers && !isCanary(entry) ? 100 - route.getCanaryPercent() : 100;
    } else if (isCanary(entry) && canaryAnswers) {
      share = route.getCanaryPercent();
    }
    return entry.describe(serves ? List.of(stage.label()) : List.of(), share);
  }

  /** What serves; else the newest that may come to serve; else the newest. */
  private ModelEntry find(Stage stage) {
    ModelEntry served = serving.get(stage);
    if (served != null) {
      return served;
    }
    List<ModelEntry> all = newestFirst(stage);
    return all.stream()
        .filter(entry -> entry.failure() == null)
        .findFirst()
        .or(() -> all.stream().findFirst())
        .orElseThrow(() -> unknown(stage.label()));
  }

  /** The newest of a stage that could be loaded now and is newer than what serves. */
  private Optional<ModelEntry> newer(Stage stage, Instant now) {
    for (ModelEntry entry : newestFirst(stage)) {
      if (awaited(entry, now)) {
        return Optional.of(entry);
      }
      if (entry.model() != null || entry.evicted()) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private List<ModelEntry> newestFirst(Stage stage) {
    return entries.values().stream()
        .filter(entry -> entry.id().stage() == stage)
        .sorted(ModelEntry.NEWEST_FIRST)
        .toList();
  }

  private QuartetException unknown(String name) {
    return new QuartetException(NOT_FOUND, "no model '%s'; there are %s".formatted(name, names()));
  }

  private String names() {
    List<String> names = new ArrayList<>();
    STAGES.stream()
        .filter(stage -> !newestFirst(stage).isEmpty())
        .forEach(stage -> names.add(stage.label()));
    generating().limit(NAMED).forEach(entry -> names.add(entry.id().toString()));
    return names.isEmpty() ? "none yet" : String.join(", ", names);
  }
}
