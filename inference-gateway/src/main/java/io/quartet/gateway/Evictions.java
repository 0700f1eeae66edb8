package io.quartet.gateway;

import io.quartet.checkpoint.Stage;
import java.util.ArrayList;
import java.util.List;

/** Who makes room for whom, and who may never have any. Guarded by its {@link ModelCatalog}. */
final class Evictions {
  private final ModelIndex index;
  private final StageNames names;
  private final ModelMemory memory;

  Evictions(ModelIndex index, StageNames names, ModelMemory memory) {
    this.index = index;
    this.names = names;
    this.memory = memory;
  }

  /**
   * Those that have to go for an arriving model beside what drains already, the least recently used
   * first; nobody goes if all together would not be enough.
   *
   * @param bytes that it takes
   * @throws io.quartet.checkpoint.QuartetException FAILED_PRECONDITION with the arithmetic if that
   *     is so
   */
  List<ModelEntry> leaving(ModelEntry arriving, long bytes) {
    List<ModelEntry> evictable = names.evictable(arriving);
    if (!memory.fitsWithout(bytes(evictable), bytes)) {
      arriving.lacks(bytes);
      throw memory.full(arriving.id().toString(), bytes, bytes(evictable));
    }
    List<ModelEntry> leaving = new ArrayList<>();
    for (ModelEntry entry : evictable) {
      if (memory.fitsWithout(bytes(leaving), bytes)) {
        break;
      }
      leaving.add(entry);
    }
    return leaving;
  }

  /**
   * Those that were refused for want of memory beside others and could have room now may be tried
   * again.
   *
   * @return their stages
   */
  List<Stage> pardon() {
    List<ModelEntry> pardoned =
        index
            .generating()
            .filter(entry -> entry.lacking() > 0)
            .filter(entry -> memory.fitsWithout(bytes(names.evictable(entry)), entry.lacking()))
            .toList();
    pardoned.forEach(ModelEntry::forgive);
    return pardoned.stream().map(entry -> entry.id().stage()).distinct().toList();
  }

  private static long bytes(List<ModelEntry> entries) {
    return entries.stream().mapToLong(ModelEntry::bytes).sum();
  }
}
