package io.quartet.service;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import java.util.Set;

/**
 * One of the four stages of a run. A service has one bean of this type; the runtime starts it when
 * a run is submitted and what it {@link #needs} is announced, and announces what it returns.
 */
public interface TrainingStage {
  /** Which of the four this is. */
  Stage stage();

  /** The stages of the same run whose checkpoints it starts from; empty for the first. */
  Set<Stage> needs();

  /**
   * Trains, evaluates and publishes a checkpoint in {@link StageContext#store}. Runs on one
   * platform thread, never twice at the same time. Everything heavy that it opens is closed when it
   * returns or throws. Whatever lies in {@link StageContext#scratch} is what an earlier attempt at
   * the same run left: it goes on from there.
   *
   * @return the published checkpoint, which the runtime announces
   * @throws QuartetException the stage FAILED with this code and line; CANCELLED comes out of
   *     {@link StageContext#progress} and is passed on
   * @throws InterruptedException out of a blocking call when the stage is cancelled
   */
  Checkpoint train(StageContext context) throws InterruptedException;

  /**
   * Computes its share of the steps of a {@link #train} in another process, the one that leads, and
   * publishes nothing. Only stages that several processes can train have this.
   *
   * @throws QuartetException FAILED_PRECONDITION if this stage has not; UNAVAILABLE if another
   *     process is lost: the runtime calls it again
   */
  default void follow(StageContext context) throws InterruptedException {
    throw new QuartetException(
        ErrorCode.FAILED_PRECONDITION,
        "the %s stage trains in one process: WORLD_SIZE is %d, expected 1"
            .formatted(stage().label(), context.replica().size()));
  }
}
