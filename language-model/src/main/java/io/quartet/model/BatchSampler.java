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
    this.packer = new SequencePacker(rows, length, endless(epochs));
  }

  private static Iterator<Iterator<TokenSequence>> endless(
      IntFunction<Iterator<TokenSequence>> epochs) {
    return new Iterator<>() {
      private int number;

      @Override
      public boolean hasNext() {
        return true;
      }

      @Override
      public Iterator<TokenSequence> next() {
        Iterator<TokenSequence> epoch = epochs.apply(number);
        if (!epoch.hasNext()) {
          throw new NoSuchElementException("epoch %d has no sequences".formatted(number));
        }
        number++;
        return epoch;
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
