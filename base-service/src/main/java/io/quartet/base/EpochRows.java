package io.quartet.base;

import io.quartet.model.LongDocuments;
import io.quartet.model.TokenSequence;
import io.quartet.model.TokenShards;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * An epoch of a corpus with books: each is cut into rows, at other places in each epoch, and the
 * rows of all documents are mixed. A row is known by its document and its number there, eight
 * bytes, until it is its turn.
 */
final class EpochRows {
  /** Stands for a document that is not cut. */
  private static final int WHOLE = -1;

  /** Rows from which a document is a book. */
  private static final int BOOK = 4;

  private final TokenShards shards;
  private final int length;

  /**
   * @param length T, tokens of a row
   */
  EpochRows(TokenShards shards, int length) {
    this.shards = shards;
    this.length = length;
  }

  /** Whether any document is a book. */
  boolean anyBook() {
    return IntStream.range(0, shards.documents()).anyMatch(this::isBook);
  }

  private boolean isBook(int document) {
    return shards.length(document) > (long) BOOK * length;
  }

  /** What other documents than those of the shards are. */
  interface Others {
    /** A document as it is trained on. */
    TokenSequence sequence(int document);
  }

  /**
   * The rows in the order to train on.
   *
   * @param order the documents' order: first the others' numbers, then those of the shards
   * @param others how many others there are
   */
  Iterator<TokenSequence> of(int[] order, int others, Others other, Random random) {
    int[] first = new int[shards.documents()];
    long[] rows =
        Arrays.stream(order)
            .mapToObj(
                i -> i < others ? LongStream.of(row(i, WHOLE)) : rows(i, others, first, random))
            .flatMapToLong(r -> r)
            .toArray();
    shuffle(rows, random);
    return Arrays.stream(rows)
        .mapToObj(
            row -> {
              int document = (int) (row >> Integer.SIZE);
              int piece = (int) row;
              if (document < others) {
                return other.sequence(document);
              }
              return sequence(document - others, piece, first);
            })
        .iterator();
  }

  private LongStream rows(int number, int others, int[] first, Random random) {
    int document = number - others;
    if (!isBook(document)) {
      return LongStream.of(row(number, WHOLE));
    }
    first[document] = 1 + random.nextInt(length);
    return IntStream.range(
            0, LongDocuments.pieces(shards.length(document), length, first[document]))
        .mapToLong(piece -> row(number, piece));
  }

  private static long row(int document, int piece) {
    return (long) document << Integer.SIZE | piece & 0xffffffffL;
  }

  private TokenSequence sequence(int document, int piece, int[] first) {
    if (piece == WHOLE) {
      return TokenSequence.document(shards.document(document));
    }
    int from = piece == 0 ? 0 : first[document] + (piece - 1) * length;
    int to = Math.min(first[document] + piece * length, shards.length(document) - 1);
    return TokenSequence.document(shards.document(document, from, to + 1));
  }

  /** As {@link java.util.Collections#shuffle} does. */
  private static void shuffle(long[] rows, Random random) {
    for (int i = rows.length; i > 1; i--) {
      int j = random.nextInt(i);
      long moved = rows[i - 1];
      rows[i - 1] = rows[j];
      rows[j] = moved;
    }
  }
}
