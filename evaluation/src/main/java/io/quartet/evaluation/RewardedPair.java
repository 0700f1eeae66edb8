package io.quartet.evaluation;

/**
 * Two answers about a word, one better than the other, with their rewards.
 *
 * @param chosenReward of the better answer
 * @param chosenLength of the better answer, in tokens or any other unit
 */
public record RewardedPair(
    String word,
    double chosenReward,
    double rejectedReward,
    int chosenLength,
    int rejectedLength) {}
