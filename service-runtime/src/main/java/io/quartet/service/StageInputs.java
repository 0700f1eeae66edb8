package io.quartet.service;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.CheckpointPublished;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The checkpoints that a stage starts from: which are there for a run, and their bytes. */
final class StageInputs {
  private final TrainingStage stage;
  private final CheckpointExchange exchange;
  private final Map<CheckpointId, CheckpointPublished> announced = new ConcurrentHashMap<>();

  StageInputs(TrainingStage stage, CheckpointExchange exchange) {
    this.stage = stage;
    this.exchange = exchange;
  }

  boolean needed(Stage other) {
    return stage.needs().contains(other);
  }

  /** Whether the stage needs any at all. */
  boolean any() {
    return !stage.needs().isEmpty();
  }

  void announced(CheckpointPublished checkpoint) {
    announced.put(CheckpointId.parse(checkpoint.getCheckpointId()), checkpoint);
  }

  /** Announces a checkpoint of the local store whose announcement is missing or tells another. */
  void announceIfNobodyKnows(CheckpointId id) {
    Optional<CheckpointPublished> known = Optional.ofNullable(announced.get(id));
    exchange
        .store()
        .find(id)
        .filter(
            checkpoint ->
                known.isEmpty()
                    || !known.get().getDigest().equals(checkpoint.digest())
                    || !known.get().getEndpoint().equals(exchange.endpoint()))
        .ifPresent(exchange::announce);
  }

  /** The stages that the run still has to finish, neither announced nor in the local store. */
  Set<Stage> missing(String run) {
    var missing = EnumSet.noneOf(Stage.class);
    for (Stage needed : stage.needs()) {
      if (newest(needed, run).isEmpty() && exchange.store().latest(needed, run).isEmpty()) {
        missing.add(needed);
      }
    }
    return missing;
  }

  /** Brings the run's newest checkpoint of each needed stage into the local store. */
  Map<Stage, StageInput> fetch(String run) throws InterruptedException {
    var inputs = new EnumMap<Stage, StageInput>(Stage.class);
    for (Stage needed : stage.needs()) {
      Optional<CheckpointPublished> newest = newest(needed, run);
      inputs.put(
          needed,
          newest.isPresent()
              ? new StageInput(exchange.fetch(newest.get()), newest.get().getEndpoint())
              : new StageInput(
                  exchange.store().latest(needed, run).orElseThrow(), exchange.endpoint()));
    }
    return inputs;
  }

  private Optional<CheckpointPublished> newest(Stage needed, String run) {
    return announced.entrySet().stream()
        .filter(entry -> entry.getKey().stage() == needed && entry.getKey().run().equals(run))
        .max(Map.Entry.comparingByKey(Comparator.comparingLong(CheckpointId::step)))
        .map(Map.Entry::getValue);
  }
}
