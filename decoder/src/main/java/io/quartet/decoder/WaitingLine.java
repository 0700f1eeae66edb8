package io.quartet.decoder;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Sequences whose prompt nobody reads yet: interactive ones before batch ones, each kind in the
 * order it came.
 *
 * <p>Not thread-safe.
 */
final class WaitingLine {
  private final Map<Priority, Deque<Sequence>> lines = new EnumMap<>(Priority.class);

  WaitingLine() {
    for (Priority priority : Priority.values()) {
      lines.put(priority, new ArrayDeque<>());
    }
  }

  boolean isEmpty() {
    return size() == 0;
  }

  int size() {
    return lines.values().stream().mapToInt(Deque::size).sum();
  }

  long promptTokens() {
    return lines.values().stream()
        .flatMap(Collection::stream)
        .mapToLong(Sequence::promptLength)
        .sum();
  }

  void addAll(List<Sequence> sequences) {
    sequences.forEach(sequence -> line(sequence.priority()).addLast(sequence));
  }

  /** The one that is next; empty if none waits. */
  Optional<Sequence> first() {
    return lines.values().stream().flatMap(Collection::stream).findFirst();
  }

  void remove(Sequence sequence) {
    line(sequence.priority()).remove(sequence);
  }

  /** Takes out those for which {@code leaves} says so, and returns them in their order. */
  List<Sequence> removeIf(Predicate<Sequence> leaves) {
    List<Sequence> left = new ArrayList<>();
    for (Deque<Sequence> line : lines.values()) {
      line.removeIf(sequence -> leaves.test(sequence) && left.add(sequence));
    }
    return left;
  }

  private Deque<Sequence> line(Priority priority) {
    return lines.computeIfAbsent(priority, none -> new ArrayDeque<>());
  }
}
