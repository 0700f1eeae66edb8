package io.quartet.gateway;

import io.quartet.v1.Model;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Whoever wants to hear of every change, and what they have heard last. Guarded by its {@link
 * ModelCatalog}.
 */
final class ModelWatchers {
  private final List<Consumer<Model>> watchers = new ArrayList<>();
  private final Map<String, Model> told = new HashMap<>();

  /**
   * One more.
   *
   * @param all that there are, which it hears at once
   */
  void add(Consumer<Model> watcher, List<Model> all) {
    all.forEach(watcher);
    watchers.add(watcher);
    all.forEach(model -> told.put(model.getCheckpointId(), model));
  }

  void remove(Consumer<Model> watcher) {
    watchers.remove(watcher);
  }

  /**
   * Passes on those that are not as they were.
   *
   * @param models that one change may have changed
   */
  void tell(Stream<Model> models) {
    if (watchers.isEmpty()) {
      return; // the first to come hears it all
    }
    models
        .filter(model -> !model.equals(told.put(model.getCheckpointId(), model)))
        .forEach(model -> watchers.forEach(watcher -> watcher.accept(model)));
  }
}
