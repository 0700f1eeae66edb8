package io.quartet.reward;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.service.FreedMemory;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The reward model that answers now: the last one that was asked for, loaded when it first is and
 * let go once nobody has asked for a while.
 */
@ApplicationScoped
public class RewardModels {
  private static final int THREADS = 1;

  /** Longer than a learner's update of a small model; loading it again costs less than a second. */
  private static final Duration IDLE = Duration.ofSeconds(30);

  private final CheckpointStore store;
  private final Duration idle;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            var thread = new Thread(task, "reward-models");
            thread.setDaemon(true);
            return thread;
          });
  private @Nullable RewardScorer current;
  private long uses;

  @Inject
  RewardModels(CheckpointStore store) {
    this(store, IDLE);
  }

  /**
   * @param idle how long a model is kept that nobody asks for
   */
  RewardModels(CheckpointStore store, Duration idle) {
    this.store = store;
    this.idle = idle;
  }

  /**
   * A reward model of this service.
   *
   * @param rewardId its checkpoint
   * @param digest what its digest must be; any if empty
   * @throws QuartetException INVALID_ARGUMENT if the id is not a reward model's; NOT_FOUND if it is
   *     not here; FAILED_PRECONDITION if its digest is another
   */
  synchronized RewardScorer scorer(String rewardId, String digest) {
    if (current == null || !current.checkpoint().id().toString().equals(rewardId)) {
      CheckpointId id = CheckpointId.parse(rewardId);
      if (id.stage() != Stage.REWARD) {
        throw new QuartetException(
            ErrorCode.INVALID_ARGUMENT,
            "'%s' is a %s model, expected a reward model".formatted(id, id.stage().label()));
      }
      Checkpoint reward = store.get(id);
      RewardScorer opened = RewardScorer.open(reward, store.get(parent(reward)), THREADS);
      letGo();
      current = opened;
    }
    String found = current.checkpoint().digest();
    if (!digest.isEmpty() && !digest.equals(found)) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "reward model '%s': digest %s, expected %s".formatted(rewardId, found, digest));
    }
    long use = ++uses;
    clock.schedule(() -> rest(use), idle.toMillis(), TimeUnit.MILLISECONDS);
    return current;
  }

  /** Whether a model is in memory. */
  synchronized boolean loaded() {
    return current != null;
  }

  /** Lets the model go if nobody has asked for it after the given use. */
  private void rest(long use) {
    synchronized (this) {
      if (uses != use || current == null) {
        return;
      }
      letGo();
    }
    FreedMemory.giveBack();
  }

  private static CheckpointId parent(Checkpoint reward) {
    return reward
        .training()
        .parent()
        .orElseThrow(
            () ->
                new QuartetException(
                    ErrorCode.DATA_LOSS,
                    "reward model '%s': training.json names no parent, expected its base model"
                        .formatted(reward.id())));
  }

  @PreDestroy
  synchronized void close() {
    clock.shutdownNow();
    letGo();
  }

  private synchronized void letGo() {
    if (current != null) {
      current.close();
      current = null;
    }
  }
}
