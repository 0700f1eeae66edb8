/**
 * The reward stage: people compare answers better than they write them, so a model learns to rank
 * answers from comparisons, and then stands in for the people in RL.
 */
@NullMarked
package io.quartet.reward;

import org.jspecify.annotations.NullMarked;
