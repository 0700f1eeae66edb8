package io.quartet.decoder;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Sequences whose prompt nobody reads yet: interactive ones before batch ones, each kind in the
 * order it came.
 *
 * <p>Safe for any thread.
 */
final class WaitingLine {
  private final Map<Priority, Set<Sequence>> lines = new EnumMap<>(Priority.class);
  private long promptTokens;

  WaitingLine() {
    for (Priority priority : Priority.values()) {
      lines.put(priority, new LinkedHashSet<>());
    }
  }

  synchronized boolean isEmpty() {
    return lines.values().stream().allMatch(Set::isEmpty);
  }

  synchronized int size() {
    return lines.values().stream().mapToInt(Set::size).sum();
  }

  /** Of all prompts together. */
  synchronized long promptTokens() {
    return promptTokens;
  }

  synchronized void addAll(List<Sequence> sequences) {
    for (Sequence sequence : sequences) {
      line(sequence).add(sequence);
      promptTokens += sequence.promptLength();
    }
  }

  /** All in their order, as they are now. */
  synchronized List<Sequence> all() {
    List<Sequence> all = new ArrayList<>();
    lines.values().forEach(all::addAll);
    return all;
  }

  /** The one that is next; empty if none waits. */
  Optional<Sequence> first() {
    return first(sequence -> true);
  }

  /** The next of a kind; empty if none waits. */
  synchronized Optional<Sequence> first(Predicate<Sequence> kind) {
    return lines.values().stream().flatMap(Set::stream).filter(kind).findFirst();
  }

  synchronized void remove(Sequence sequence) {
    if (line(sequence).remove(sequence)) {
      promptTokens -= sequence.promptLength();
    }
  }

  /** Takes out the first of a kind, at most so many, and returns them in their order. */
  synchronized List<Sequence> remove(int most, Predicate<Sequence> kind) {
    List<Sequence> removed =
        lines.values().stream().flatMap(Set::stream).filter(kind).limit(most).toList();
    removed.forEach(this::remove);
    return removed;
  }

  private Set<Sequence> line(Sequence sequence) {
    return lines.computeIfAbsent(sequence.priority(), none -> new LinkedHashSet<>());
  }
}
