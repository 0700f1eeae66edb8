package io.quartet.recipe;

import com.fasterxml.jackson.annotation.JsonUnwrapped;

/**
 * Fine-tuning on demonstrations, the loss on the answers.
 *
 * @param snapshotEvery steps between resumable snapshots, each followed by a look at held-out
 *     demonstrations
 * @param keepSnapshots how many of the newest are kept
 * @param publish whether the last step's weights are published or the best look's
 * @param baseTextShare share of the documents in a batch that are base text, with loss on all
 */
public record SftSection(
    @JsonUnwrapped Optimization optimization,
    int batch,
    int sequence,
    double zLoss,
    int snapshotEvery,
    int keepSnapshots,
    Publish publish,
    double baseTextShare) {
  /** Validates the values. */
  public SftSection {
    Check.atLeast("steps", optimization.steps(), 1);
    Check.between("batch", batch, 1, 65_536);
    Check.between("z_loss", zLoss, 0, 1);
    Check.atLeast("snapshot_every", snapshotEvery, 1);
    Check.between("keep_snapshots", keepSnapshots, 1, 1000);
    Check.between("base_text_share", baseTextShare, 0, 0.95);
  }

  /** Optimiser steps. */
  public int steps() {
    return optimization.steps();
  }
}
