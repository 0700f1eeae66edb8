package io.quartet.recipe;

/** Who rewards the policy in RL. */
public enum RewardSource {
  /** The reward stage's model. */
  MODEL,
  /**
   * The gold score of the lessons: a control that tells a weak reward model from a weak optimiser.
   */
  GOLD
}
