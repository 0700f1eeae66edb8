/**
 * Rollout workers: they take requests from the share group, sample answers from the announced
 * policy, have them scored, and publish the batch. They hold no state and scale alone.
 */
@NullMarked
package io.quartet.rl.rollout;

import org.jspecify.annotations.NullMarked;
