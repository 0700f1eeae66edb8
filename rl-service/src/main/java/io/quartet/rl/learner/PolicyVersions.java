package io.quartet.rl.learner;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointFile;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.PendingCheckpoint;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.service.CheckpointExchange;
import io.quartet.service.Events;
import io.quartet.service.Topic;
import io.quartet.v1.PolicyPublished;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The policies that rollout workers pull while a run goes on: {@code rl/run/version} in the
 * learner's store, announced on {@code quartet.policies} only, the last two kept and the best, if
 * that one is wanted. Version 0 is the SFT model itself.
 */
final class PolicyVersions {
  /**
   * The one that workers sample from, and the one before it, which a slow worker may still pull.
   */
  private static final int KEPT = 2;

  private final CheckpointExchange exchange;
  private final Events events;
  private final Checkpoint sft;
  private final String run;

  PolicyVersions(CheckpointExchange exchange, Events events, Checkpoint sft, String run) {
    this.exchange = exchange;
    this.events = events;
    this.sft = sft;
    this.run = run;
  }

  /** Announces the SFT model as version 0. */
  Checkpoint initial() {
    announce(0, sft);
    return sft;
  }

  /**
   * Publishes the learner's weights as a version. The same weights give the same digest, so that a
   * learner which repeats an update after a crash finds the rollouts of its first try.
   *
   * @param kept older versions that stay
   */
  Checkpoint publish(long version, PolicyLearner learner, Set<Long> kept) {
    CheckpointStore store = exchange.store();
    var id = new CheckpointId(Stage.RL, run, version);
    if (store.find(id).isPresent()) {
      store.delete(id);
    }
    var record =
        new TrainingRecord(
            "", Optional.of(sft.id()), Map.of(TrainingRecord.POLICY_VERSION, version));
    Checkpoint policy = write(store, id, record, learner);
    announce(version, policy);
    for (Checkpoint old : store.list(Stage.RL, run)) {
      if (old.id().step() <= version - KEPT && !kept.contains(old.id().step())) {
        store.delete(old.id());
      }
    }
    return policy;
  }

  /** A version that is kept. */
  Checkpoint get(long version) {
    return exchange.store().get(new CheckpointId(Stage.RL, run, version));
  }

  /** host:port where workers pull them from. */
  String endpoint() {
    return exchange.endpoint();
  }

  /** Writes a policy's folder: the SFT model's files with other weights and another record. */
  private Checkpoint write(
      CheckpointStore store, CheckpointId id, TrainingRecord record, PolicyLearner learner) {
    try (PendingCheckpoint pending = store.begin(id)) {
      copyFiles(pending.directory());
      learner.save(pending.directory());
      record.write(pending.directory());
      return pending.publish();
    }
  }

  /** Copies the files that every model of the run shares: sizes, tokenizer, chat template. */
  void copyFiles(Path to) {
    TokenizerFiles.copy(sft.directory(), to);
    copy(sft, ModelConfig.FILE, to);
  }

  /** Copies a version's own files but its record: the weights, or the adapter. */
  void copyWeights(Checkpoint policy, Path to) {
    for (CheckpointFile file : policy.files()) {
      if (file.name().endsWith(".safetensors") || file.name().equals(Adapter.CONFIG)) {
        copy(policy, file.name(), to);
      }
    }
  }

  private static void copy(Checkpoint from, String file, Path to) {
    try {
      Files.copy(from.file(file), to.resolve(file));
    } catch (IOException e) {
      throw QuartetException.writing(to.resolve(file), e);
    }
  }

  /** Deletes every version but the one of an id. */
  void deleteAllBut(CheckpointId kept) {
    for (Checkpoint policy : exchange.store().list(Stage.RL, run)) {
      if (!policy.id().equals(kept)) {
        exchange.store().delete(policy.id());
      }
    }
  }

  private void announce(long version, Checkpoint policy) {
    events.publish(
        Topic.POLICIES,
        PolicyPublished.newBuilder()
            .setRun(run)
            .setPolicyVersion(version)
            .setCheckpointId(policy.id().toString())
            .setDigest(policy.digest())
            .setEndpoint(exchange.endpoint())
            .build());
  }
}
