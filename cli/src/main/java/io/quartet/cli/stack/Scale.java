package io.quartet.cli.stack;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;

/**
 * How many processes the stack has of what it can have several of.
 *
 * @param rolloutWorkers that sample for RL
 * @param baseReplicas that train the base model together
 * @param sftReplicas that fine-tune together
 */
public record Scale(int rolloutWorkers, int baseReplicas, int sftReplicas) {
  static final int MOST_ROLLOUT_WORKERS = 8;
  static final int MOST_REPLICAS = 4;

  /** Checks that there are ports for so many. */
  public Scale {
    require("rollout workers", rolloutWorkers, MOST_ROLLOUT_WORKERS);
    require("base replicas", baseReplicas, MOST_REPLICAS);
    require("sft replicas", sftReplicas, MOST_REPLICAS);
  }

  /** One process for each stage. */
  public static Scale of(int rolloutWorkers) {
    return new Scale(rolloutWorkers, 1, 1);
  }

  private static void require(String what, int count, int most) {
    if (count < 1 || count > most) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT, "%s: got %d, expected 1 to %d".formatted(what, count, most));
    }
  }
}
