package io.quartet.recipe;

/** What takes the steps of training. */
public enum Optimizer {
  /** Adam with decoupled weight decay (Loshchilov and Hutter 2017). */
  ADAMW,
  /** Muon for the matrices of the blocks, AdamW for everything else (Jordan et al. 2024). */
  MUON
}
