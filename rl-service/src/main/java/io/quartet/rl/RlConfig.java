package io.quartet.rl;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** What this process is in RL. */
@ConfigMapping(prefix = "quartet.rl")
public interface RlConfig {
  /** The role. */
  @WithDefault("learner")
  Role role();

  /** Threads that a rollout worker samples on. */
  @WithDefault("1")
  int rolloutThreads();

  /** The two roles. */
  enum Role {
    /** Trains the policy. */
    LEARNER,
    /** Samples from it. */
    ROLLOUT
  }
}
