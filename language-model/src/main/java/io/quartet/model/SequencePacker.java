package io.quartet.model;

import io.quartet.model.BestFit.Piece;
import io.quartet.model.BestFit.Row;
import io.quartet.model.PackedBatch.LastToken;
import io.quartet.model.PackedBatch.RowBuilder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Packs epochs of sequences into batches of a fixed size with next to no padding. A window of
 * sequences is packed at once ({@link BestFit}). What lies in its badly filled rows waits for the
 * next window, which has other lengths to fill up with; the rows that are kept are dealt out so
 * that all batches are filled alike. What is longer than a row is cut; each piece goes on where the
 * last ended.
 */
public final class SequencePacker implements Iterator<PackedBatch> {
  /** Rows that a window could fill; more are packed hardly better and mix an epoch's end more. */
  private static final int WINDOW_ROWS = 256;

  /** The same in batches, where these are large. */
  private static final int WINDOW_BATCHES = 8;

  /** A window of fewer batches takes from one more epoch. */
  private static final int LEAST_BATCHES = 2;

  /** The share of its places from which a row never waits. */
  private static final double FILLED = .97;

  /** Who was postponed as often comes first; before, the longest do, which packs better. */
  private static final int PATIENCE = 3;

  private final Iterator<Iterator<TokenSequence>> epochs;
  private final int rows;
  private final int length;
  private final Deque<List<Row>> batches = new ArrayDeque<>();
  private Iterator<TokenSequence> epoch = Collections.emptyIterator();
  private List<Piece> waiting = new ArrayList<>();
  private long arrived;

  /**
   * A packer of batches [rows, length] of one epoch. The last batch may have fewer rows, and less
   * well filled ones.
   *
   * @param rows B, 1 or more
   * @param length T, 2 or more
   */
  public SequencePacker(Iterator<TokenSequence> epoch, int rows, int length) {
    this(rows, length, List.of(epoch).iterator());
  }

  /** The same over epochs, which may be without end. */
  SequencePacker(int rows, int length, Iterator<Iterator<TokenSequence>> epochs) {
    if (rows < 1 || length < 2) {
      throw new IllegalArgumentException(
          "batch: got %d rows of %d tokens, expected at least 1 of 2".formatted(rows, length));
    }
    this.epochs = epochs;
    this.rows = rows;
    this.length = length;
  }

  @Override
  public boolean hasNext() {
    if (batches.isEmpty()) {
      refill();
      pack();
    }
    return !batches.isEmpty();
  }

  @Override
  public PackedBatch next() {
    if (!hasNext()) {
      throw new NoSuchElementException("no sequences left to pack");
    }
    var built = new ArrayList<RowBuilder>();
    int sequences = 0;
    for (Row row : batches.remove()) {
      built.add(row.build(sequences));
      sequences += row.pieces().size();
    }
    return PackedBatch.of(built, length);
  }

  private void refill() {
    long places = waiting.stream().mapToLong(Piece::inputs).sum();
    long enough = (long) Math.max(WINDOW_ROWS, WINDOW_BATCHES * rows) * length;
    long least = (long) LEAST_BATCHES * rows * length;
    boolean begun = false;
    while (places < enough) {
      if (epoch.hasNext()) {
        places += cut(epoch.next());
      } else if ((!begun || places < least) && epochs.hasNext()) {
        epoch = epochs.next();
        begun = true;
      } else {
        break;
      }
    }
  }

  /** Adds a sequence's pieces to those that wait and returns how many places they take. */
  private int cut(TokenSequence sequence) {
    int places = 0;
    // A piece of T + 1 tokens has T inputs; its last token begins the next piece.
    for (int from = 0; from == 0 || from < sequence.length() - 1; from += length) {
      TokenSequence piece = sequence.slice(from, Math.min(sequence.length(), from + length + 1));
      int inputs = PackedBatch.inputs(piece, LastToken.PREDICTED);
      waiting.add(new Piece(piece, inputs, arrived++, 0));
      places += inputs;
    }
    return places;
  }

  private void pack() {
    List<Row> packed = BestFit.pack(waiting, length, PATIENCE);
    waiting = new ArrayList<>();
    if (epoch.hasNext() || epochs.hasNext()) {
      packed.sort(
          Comparator.comparing((Row row) -> !filled(row))
              .thenComparing(row -> -row.used())
              .thenComparing(Row::first));
      // At least half, so that lengths that never fill a row have their turn as well.
      int filled = (int) packed.stream().filter(this::filled).count();
      int kept = Math.max(filled, packed.size() / 2) / rows * rows;
      packed.subList(kept, packed.size()).stream()
          .flatMap(row -> row.pieces().stream())
          .forEach(piece -> waiting.add(piece.postponedAgain()));
      packed = packed.subList(0, kept);
    }
    deal(packed);
  }

  private boolean filled(Row row) {
    return row.used() >= FILLED * length;
  }

  /** The fullest rows to one batch after the other, to and fro; too few for a batch come last. */
  private void deal(List<Row> packed) {
    packed.sort(Comparator.comparing((Row row) -> -row.used()).thenComparing(Row::first));
    int whole = packed.size() / rows;
    for (int batch = 0; batch < whole; batch++) {
      var dealt = new ArrayList<Row>();
      for (int round = 0; round < rows; round++) {
        dealt.add(packed.get(round * whole + (round % 2 == 0 ? batch : whole - 1 - batch)));
      }
      batches.add(dealt);
    }
    if (whole * rows < packed.size()) {
      batches.add(packed.subList(whole * rows, packed.size()));
    }
  }
}
