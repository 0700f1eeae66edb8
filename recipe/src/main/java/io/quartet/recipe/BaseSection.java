package io.quartet.recipe;

import com.fasterxml.jackson.annotation.JsonUnwrapped;

/**
 * Pretraining on documents.
 *
 * @param batch packed rows a step
 * @param sequence tokens a row
 * @param dropout share of the embeddings' and of each block's outputs that a step drops
 * @param zLoss weight of the squared log-partition in the loss; 0 for none
 * @param snapshotEvery steps between resumable snapshots, each followed by a look at held-out text
 * @param keepSnapshots how many of the newest are kept
 * @param publish whether the last step's weights are published or the best look's
 */
public record BaseSection(
    @JsonUnwrapped Optimization optimization,
    int batch,
    int sequence,
    double dropout,
    double zLoss,
    int snapshotEvery,
    int keepSnapshots,
    Publish publish) {
  /** Validates the values. */
  public BaseSection {
    Check.between("batch", batch, 1, 65_536);
    Check.between("dropout", dropout, 0, 0.9);
    Check.between("z_loss", zLoss, 0, 1);
    Check.atLeast("snapshot_every", snapshotEvery, 1);
    Check.between("keep_snapshots", keepSnapshots, 1, 1000);
  }

  /** Optimiser steps. */
  public int steps() {
    return optimization.steps();
  }
}
