package io.quartet.model;

import io.quartet.model.PackedBatch.LastToken;
import io.quartet.model.PackedBatch.RowBuilder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Packs a stream of sequences into batches of a fixed size with next to no padding: a row begins
 * with the sequence that has waited longest and is filled with those waiting whose lengths add up
 * best to the rest of it ({@link SubsetSum}). What is longer than a row is cut; each piece goes on
 * where the last ended.
 */
public final class SequencePacker implements Iterator<PackedBatch> {
  /** Sequences to choose from; more fill rows hardly better and put an epoch's end off. */
  private static final int WAITING = 256;

  private final Iterator<TokenSequence> source;
  private final int rows;
  private final int length;
  private final List<TokenSequence> waiting = new ArrayList<>();
  private int packed;

  /**
   * A packer of batches [rows, length] over a stream, which may be endless.
   *
   * @param rows B, 1 or more
   * @param length T, 2 or more
   */
  public SequencePacker(Iterator<TokenSequence> source, int rows, int length) {
    if (rows < 1 || length < 2) {
      throw new IllegalArgumentException(
          "batch: got %d rows of %d tokens, expected at least 1 of 2".formatted(rows, length));
    }
    this.source = source;
    this.rows = rows;
    this.length = length;
  }

  @Override
  public boolean hasNext() {
    refill();
    return !waiting.isEmpty();
  }

  /** The next batch; the last of a finite stream may have fewer rows. */
  @Override
  public PackedBatch next() {
    if (!hasNext()) {
      throw new NoSuchElementException("no sequences left to pack");
    }
    var batch = new ArrayList<RowBuilder>();
    packed = 0;
    while (batch.size() < rows && hasNext()) {
      batch.add(row());
    }
    return PackedBatch.of(batch, length);
  }

  private RowBuilder row() {
    var row = new RowBuilder();
    place(waiting.remove(0), row);
    refill();
    int[] inputs = waiting.stream().limit(WAITING).mapToInt(SequencePacker::inputs).toArray();
    List<TokenSequence> chosen = new ArrayList<>();
    for (int index : SubsetSum.within(length - row.used(), inputs)) {
      chosen.add(waiting.get(index));
    }
    chosen.forEach(sequence -> place(sequence, row));
    waiting.removeAll(chosen);
    return row;
  }

  private static int inputs(TokenSequence sequence) {
    return PackedBatch.inputs(sequence, LastToken.PREDICTED);
  }

  private void place(TokenSequence sequence, RowBuilder row) {
    row.add(packed++, sequence, inputs(sequence));
  }

  private void refill() {
    while (waiting.size() < WAITING && source.hasNext()) {
      TokenSequence sequence = source.next();
      // A piece of T + 1 tokens has T inputs; its last token begins the next piece.
      for (int from = 0; from == 0 || from < sequence.length() - 1; from += length) {
        waiting.add(sequence.slice(from, Math.min(sequence.length(), from + length + 1)));
      }
    }
  }
}
