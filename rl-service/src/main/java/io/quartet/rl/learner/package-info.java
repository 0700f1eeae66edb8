/**
 * The learner: asks for rollouts of the current policy, takes a PPO step on them, announces the
 * next policy, and measures what came of it. It shares nothing with the workers but the protocol.
 */
@NullMarked
package io.quartet.rl.learner;

import org.jspecify.annotations.NullMarked;
