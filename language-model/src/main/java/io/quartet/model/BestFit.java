package io.quartet.model;

import io.quartet.model.PackedBatch.RowBuilder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Best-fit decreasing bin packing (Johnson, 1973): the longest piece first, each into the row whose
 * rest it fills best.
 */
final class BestFit {
  private BestFit() {}

  /**
   * What waits to be packed.
   *
   * @param inputs places that it takes, at most a row's
   * @param number in the order of arrival
   * @param postponed how often it was in a row that was not kept
   */
  record Piece(TokenSequence sequence, int inputs, long number, int postponed) {
    Piece postponedAgain() {
      return new Piece(sequence, inputs, number, postponed + 1);
    }
  }

  /** Pieces that go into one row. */
  static final class Row {
    private final List<Piece> pieces = new ArrayList<>();
    private int used;

    private void add(Piece piece) {
      pieces.add(piece);
      used += piece.inputs();
    }

    List<Piece> pieces() {
      return pieces;
    }

    /** Places that are taken. */
    int used() {
      return used;
    }

    /** The number of the piece that came first. */
    long first() {
      return pieces.stream().mapToLong(Piece::number).min().orElseThrow();
    }

    /** The row of a batch that has so many sequences before it. */
    RowBuilder build(int before) {
      var row = new RowBuilder();
      for (Piece piece : pieces) {
        row.add(before++, piece.sequence(), piece.inputs());
      }
      return row;
    }
  }

  /**
   * Rows with every piece in one of them.
   *
   * @param patience pieces that were postponed as often are placed before all others
   */
  static List<Row> pack(List<Piece> pieces, int length, int patience) {
    var rows = new ArrayList<Row>();
    var byRoom = new TreeMap<Integer, Deque<Row>>();
    pieces.stream()
        .sorted(
            Comparator.comparing((Piece piece) -> piece.postponed() < patience)
                .thenComparing(piece -> -piece.inputs())
                .thenComparing(Piece::number))
        .forEach(
            piece -> {
              Row row = take(byRoom, piece.inputs());
              if (row == null) {
                row = new Row();
                rows.add(row);
              }
              row.add(piece);
              byRoom.computeIfAbsent(length - row.used(), room -> new ArrayDeque<>()).add(row);
            });
    return rows;
  }

  /** The row with the least room that is enough, out of those that have it. */
  private static @Nullable Row take(TreeMap<Integer, Deque<Row>> byRoom, int inputs) {
    var best = byRoom.ceilingEntry(inputs);
    if (best == null) {
      return null;
    }
    Row row = best.getValue().remove();
    if (best.getValue().isEmpty()) {
      byRoom.remove(best.getKey());
    }
    return row;
  }
}
