package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * A stage that several processes train, in the one that leads them. When one of them is lost, the
 * stage begins again from its last snapshot, as the others do and the lost one when it is back.
 */
final class ReplicatedStage implements TrainingStage {
  private static final Logger LOG = Logger.getLogger(ReplicatedStage.class);

  /** Losses in a row, without a new step in between, after which the stage fails. */
  private static final int MOST_LOSSES = 5;

  private final TrainingStage stage;
  private final Replica replica;

  /**
   * @param stage what is trained
   * @param replica this process, of rank 0
   */
  ReplicatedStage(TrainingStage stage, Replica replica) {
    this.stage = stage;
    this.replica = replica;
  }

  @Override
  public Checkpoint train(StageContext context) throws InterruptedException {
    int losses = 0;
    long reached = -1;
    while (true) {
      try {
        return stage.train(context.as(replica));
      } catch (QuartetException e) {
        losses = context.reached() > reached ? 1 : losses + 1;
        reached = Math.max(reached, context.reached());
        boolean leave = context.cancelled() || context.stopping() || losses > MOST_LOSSES;
        if (leave || e.code() != UNAVAILABLE) {
          throw e;
        }
        LOG.warnf("%s; begins again from the last snapshot", Failures.firstLine(e));
      }
    }
  }

  @Override
  public Stage stage() {
    return stage.stage();
  }

  @Override
  public Set<Stage> needs() {
    return stage.needs();
  }
}
