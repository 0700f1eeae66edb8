package io.quartet.rl.learner;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** The version of a run's policy whose objective was the highest of the looks so far. */
final class BestPolicy {
  private static final String VERSION = "best_version";
  private static final String OBJECTIVE = "best_objective";
  private static final long NONE = 0; // the SFT model is no version of the run's own

  private long version;
  private double objective;
  private long saved;

  /** Goes on from a snapshot's cursor. */
  BestPolicy(Map<String, String> cursor) {
    version = Long.parseLong(cursor.getOrDefault(VERSION, Long.toString(NONE)));
    objective = Double.parseDouble(cursor.getOrDefault(OBJECTIVE, "-Infinity"));
    saved = version;
  }

  /** Takes a version that was looked at; of equals the first stays. */
  void looked(long at, double found) {
    if (found > objective) {
      version = at;
      objective = found;
    }
  }

  /** The best; empty before the first look. */
  OptionalLong version() {
    return version == NONE ? OptionalLong.empty() : OptionalLong.of(version);
  }

  /** What a snapshot that is saved now has to say of it. */
  Map<String, String> cursor() {
    saved = version;
    Map<String, String> cursor = new HashMap<>();
    version()
        .ifPresent(
            best -> {
              cursor.put(VERSION, Long.toString(best));
              cursor.put(OBJECTIVE, Double.toString(objective));
            });
    return cursor;
  }

  /** Versions that must stay: the best, and that of the last snapshot, from which one may go on. */
  Set<Long> kept() {
    return LongStream.of(version, saved).boxed().collect(Collectors.toSet());
  }
}
