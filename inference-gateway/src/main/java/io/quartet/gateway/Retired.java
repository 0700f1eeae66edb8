package io.quartet.gateway;

import org.jspecify.annotations.Nullable;

/**
 * Weights that serve no more.
 *
 * @param entry whose they were
 * @param model null if it had none
 */
record Retired(ModelEntry entry, @Nullable ServedModel model) {
  /** What they hold in memory. */
  long bytes() {
    return model == null ? 0 : model.bytes();
  }

  /** Lets them end what they have begun, and tells when their memory is free; not under a lock. */
  void drain(Runnable drained) {
    if (model != null) {
      model.retire(drained);
    }
  }
}
