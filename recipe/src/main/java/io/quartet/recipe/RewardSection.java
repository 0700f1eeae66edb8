package io.quartet.recipe;

import com.fasterxml.jackson.annotation.JsonUnwrapped;

/**
 * The reward model, from comparisons of answers to the same prompt.
 *
 * @param batch prompts a step; every ranked pair of a prompt's answers counts
 * @param snapshotEvery steps between resumable snapshots
 * @param keepSnapshots how many of the newest are kept
 * @param samplesPerPrompt answers that the SFT model writes for each prompt
 * @param temperature of those answers
 * @param ownSampleShare share of the ranked sets that are the SFT model's own answers; the others
 *     are built
 * @param mannerShare share of the ranked sets that are built and differ in manner; those that are
 *     left differ in truth alone
 * @param renamedShare share of the lessons' ranked sets that are told under another word's name
 * @param recitalTokens the most tokens that the base model recalls about a question, which the
 *     reward model reads first; 0 for none
 * @param centering weight of the mean squared reward, which keeps rewards around zero
 * @param heldOutShare share of the words with comparisons that only steer early stopping and the
 *     gate before RL
 * @param evaluateEvery steps between looks at the held-out pairs
 * @param patience looks without a better one before training stops
 * @param bestOf answers to choose from in the best-of-n check
 */
public record RewardSection(
    @JsonUnwrapped Optimization optimization,
    int batch,
    int snapshotEvery,
    int keepSnapshots,
    int samplesPerPrompt,
    double temperature,
    double ownSampleShare,
    double mannerShare,
    double renamedShare,
    int recitalTokens,
    double centering,
    double heldOutShare,
    int evaluateEvery,
    int patience,
    int bestOf) {
  /** Validates the values. */
  public RewardSection {
    Check.atLeast("steps", optimization.steps(), 1);
    Check.between("batch", batch, 1, 65_536);
    Check.atLeast("snapshot_every", snapshotEvery, 1);
    Check.between("keep_snapshots", keepSnapshots, 1, 1000);
    Check.between("samples_per_prompt", samplesPerPrompt, 2, 256);
    Check.between("temperature", temperature, 0.01, 10);
    Check.between("own_sample_share", ownSampleShare, 0, 1);
    Check.holds(
        mannerShare >= 0 && ownSampleShare + mannerShare <= 1,
        "manner_share",
        mannerShare,
        "0 to 1 together with own_sample_share " + ownSampleShare);
    Check.between("renamed_share", renamedShare, 0, 1);
    Check.between("recital_tokens", recitalTokens, 0, 4096);
    Check.between("centering", centering, 0, 1);
    Check.between("held_out_share", heldOutShare, 0.01, 0.5);
    Check.atLeast("evaluate_every", evaluateEvery, 1);
    Check.atLeast("patience", patience, 1);
    Check.between("best_of", bestOf, 2, 256);
  }

  /** Optimiser steps. */
  public int steps() {
    return optimization.steps();
  }
}
