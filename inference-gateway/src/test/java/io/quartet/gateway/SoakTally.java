package io.quartet.gateway;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** What came of a soak's requests. */
final class SoakTally {
  private final Map<String, Integer> done = new TreeMap<>(); // guarded by this
  private final Map<String, Integer> refused = new TreeMap<>(); // guarded by this
  private final List<String> wrong = new CopyOnWriteArrayList<>();

  synchronized void done(String kind) {
    done.merge(kind, 1, Integer::sum);
  }

  /** An answer, which must be the one of the weights that it names. */
  void answer(String kind, String id, String found, String expected) {
    if (found.equals(expected)) {
      done(kind);
    } else {
      wrong.add("%s by %s: '%s', expected '%s'".formatted(kind, id, found, expected));
    }
  }

  /** A refusal because there is no room, which is no fault. */
  synchronized void refused(String kind) {
    refused.merge(kind, 1, Integer::sum);
  }

  /** An end that nothing excuses. */
  void failed(String kind, Object how) {
    wrong.add("%s: %s".formatted(kind, how));
  }

  /** The kinds of which there was one. */
  synchronized Set<String> done() {
    return Set.copyOf(done.keySet());
  }

  /** Wrong answers and failures that nothing excuses. */
  List<String> wrong() {
    return wrong;
  }

  @Override
  public synchronized String toString() {
    return "done %s, refused %s, wrong %d".formatted(done, refused, wrong.size());
  }
}
