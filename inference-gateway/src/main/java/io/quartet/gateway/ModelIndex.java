package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;
import static io.quartet.checkpoint.ErrorCode.NOT_FOUND;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.CheckpointPublished;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The announced checkpoints by name and by age. Guarded by its {@link ModelCatalog}. */
final class ModelIndex {
  /** The stages whose checkpoints generate text. */
  static final List<Stage> STAGES = List.of(Stage.BASE, Stage.SFT, Stage.RL);

  private static final int NAMED = 20;

  private final Map<String, ModelEntry> entries = new TreeMap<>();
  private long announcements;

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

  /** What somebody waits for and could be loaded now. */
  Optional<ModelEntry> wanted(Instant now) {
    return generating().filter(entry -> entry.wanted() && entry.loadable(now)).findFirst();
  }

  /** The entry of an id, if it was announced. */
  Optional<ModelEntry> known(String id) {
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
   * The entry of a checkpoint id.
   *
   * @throws QuartetException NOT_FOUND naming the models that are there; INVALID_ARGUMENT for no
   *     name and for a reward model
   */
  ModelEntry find(String name) {
    if (name.isEmpty()) {
      throw new QuartetException(INVALID_ARGUMENT, "model: no name, expected one of " + names());
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

  /** Those of a stage. */
  List<ModelEntry> newestFirst(Stage stage) {
    return entries.values().stream()
        .filter(entry -> entry.id().stage() == stage)
        .sorted(ModelEntry.NEWEST_FIRST)
        .toList();
  }

  /** NOT_FOUND: no such name. */
  QuartetException unknown(String name) {
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
