package io.quartet.reward;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import org.jspecify.annotations.Nullable;

/** The reward model that answers now: the last one that was asked for, loaded when it first is. */
@ApplicationScoped
public class RewardModels {
  private static final int THREADS = 1;

  private final CheckpointStore store;
  private @Nullable RewardScorer current;

  RewardModels(CheckpointStore store) {
    this.store = store;
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
      close();
      current = opened;
    }
    String found = current.checkpoint().digest();
    if (!digest.isEmpty() && !digest.equals(found)) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "reward model '%s': digest %s, expected %s".formatted(rewardId, found, digest));
    }
    return current;
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
    if (current != null) {
      current.close();
      current = null;
    }
  }
}
