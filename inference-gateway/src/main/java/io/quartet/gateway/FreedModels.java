package io.quartet.gateway;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Lets go of what was counted of models that are in memory no more, so that checkpoints may come
 * and go for ever. The latest keep theirs: what they counted last is still to be scraped. Safe for
 * any thread.
 */
final class FreedModels {
  static final int KEPT = 8;

  static final String MODEL = "model";
  static final String RESPONSE_MODEL = "gen_ai.response.model";

  private final MeterRegistry registry;
  private final Set<String> ids = new LinkedHashSet<>(); // the latest last; guarded by this

  FreedModels(MeterRegistry registry) {
    this.registry = registry;
  }

  /** A model is in memory, perhaps again. */
  synchronized void back(String id) {
    ids.remove(id);
  }

  /** A model is in memory no more. */
  synchronized void freed(String id) {
    ids.add(id);
    if (ids.size() > KEPT) {
      String eldest = ids.iterator().next();
      ids.remove(eldest);
      registry.getMeters().stream()
          .filter(meter -> isOf(meter.getId(), eldest))
          .forEach(registry::remove);
    }
  }

  private static boolean isOf(Meter.Id meter, String model) {
    return model.equals(meter.getTag(MODEL)) || model.equals(meter.getTag(RESPONSE_MODEL));
  }
}
