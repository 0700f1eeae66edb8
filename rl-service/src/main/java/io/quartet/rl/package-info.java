/** The RL stage: one image, the role of learner or of rollout worker chosen by configuration. */
@NullMarked
package io.quartet.rl;

import org.jspecify.annotations.NullMarked;
