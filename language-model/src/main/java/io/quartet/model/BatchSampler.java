package io.quartet.model;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.IntFunction;

/**
 * An endless stream of packed batches over epochs of data that are a pure function of their number,
 * so that a position in it is one number: how many batches were drawn.
 */
public final class BatchSampler implements Iterator<PackedBatch> {
  private final SequencePacker packer;
  private long drawn;

  /**
   * A sampler at the beginning of epoch 0.
   *
   * @param epochs the sequences of an epoch by its number, in the order to train on; shuffle them
   *     with a generator seeded from the recipe's seed and the number
   * @param rows B
   * @param length T
   */
  public BatchSampler(IntFunction<Iterator<TokenSequence>> epochs, int rows, int length) {
    this.packer = new SequencePacker(endless(epochs), rows, length);
  }

  private static Iterator<TokenSequence> endless(IntFunction<Iterator<TokenSequence>> epochs) {
    return new Iterator<>() {
      private int epoch;
      private Iterator<TokenSequence> current = epochs.apply(0);

      @Override
      public boolean hasNext() {
        return true;
      }

      @Override
      public TokenSequence next() {
        if (!current.hasNext()) {
          current = epochs.apply(++epoch);
          if (!current.hasNext()) {
            throw new NoSuchElementException("epoch %d has no sequences".formatted(epoch));
          }
        }
        return current.next();
      }
    };
  }

  @Override
  public boolean hasNext() {
    return true;
  }

  @Override
  public PackedBatch next() {
    drawn++;
    return packer.next();
  }

  /** How many batches were drawn: the cursor that a snapshot keeps. */
  public long drawn() {
    return drawn;
  }

  /** Goes on to where another sampler over the same epochs stood after this many batches. */
  public BatchSampler skipTo(long batches) {
    while (drawn < batches) {
      next();
    }
    return this;
  }
}
