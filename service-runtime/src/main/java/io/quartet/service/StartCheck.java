package io.quartet.service;

import io.smallrye.config.SmallRyeConfig;

/**
 * What a service itself wants checked before anything of it listens; found by {@link
 * java.util.ServiceLoader}. By the time that Quarkus tells of the start, gRPC is open already.
 */
@FunctionalInterface
public interface StartCheck {
  /**
   * Checks the configuration.
   *
   * @throws io.quartet.checkpoint.QuartetException naming the key, what was found and what was
   *     expected; the service ends with this line
   */
  void check(SmallRyeConfig config);
}
