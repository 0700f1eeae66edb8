package io.quartet.datasets;

import io.quartet.recipe.DataSection;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * A user's documents as a stream, a twentieth of them held out: of twenty or more every twentieth,
 * of a few books the end of each. A recipe may hold out another share at the end of each instead.
 */
public final class OwnDocuments implements Iterator<OwnDocuments.Part>, AutoCloseable {
  private static final int HELD_OUT_ONE_IN = 20;

  /**
   * A document, or a part of one.
   *
   * @param heldOut whether it is to measure by instead of to train on
   */
  public record Part(Document document, boolean heldOut) {}

  private final Reading<Document> documents;
  private final boolean few;
  private final double tail;
  private final Deque<Part> next = new ArrayDeque<>();
  private long index;

  private OwnDocuments(Reading<Document> documents, boolean few, double tail) {
    this.documents = documents;
    this.few = few;
    this.tail = tail;
  }

  /**
   * Opens them.
   *
   * @param few whether there are fewer than twenty
   */
  static OwnDocuments open(DataSection data, boolean few) {
    return new OwnDocuments(DatasetReader.documents(data), few, data.heldOutTail());
  }

  /** Whether there are fewer than twenty documents. */
  static boolean few(DataSection data) {
    try (Reading<Document> documents = DatasetReader.documents(data)) {
      int count = 0;
      while (count < HELD_OUT_ONE_IN && documents.hasNext()) {
        documents.next();
        count++;
      }
      return count < HELD_OUT_ONE_IN;
    }
  }

  @Override
  public boolean hasNext() {
    while (next.isEmpty() && documents.hasNext()) {
      Document document = documents.next();
      if (few || tail > 0) {
        divide(document.text());
      } else {
        next.add(new Part(document, index % HELD_OUT_ONE_IN == HELD_OUT_ONE_IN - 1));
      }
      index++;
    }
    return !next.isEmpty();
  }

  private void divide(String text) {
    int length = text.codePointCount(0, text.length());
    int heldIn =
        tail > 0 ? (int) (length * (1 - tail)) : length - Math.max(1, length / HELD_OUT_ONE_IN);
    int cut = text.offsetByCodePoints(0, heldIn);
    add(text.substring(0, cut), false);
    add(text.substring(cut), true);
  }

  private void add(String text, boolean heldOut) {
    if (!text.isBlank()) {
      next.add(new Part(new Document(text), heldOut));
    }
  }

  @Override
  public Part next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return next.remove();
  }

  /** What was found so far. */
  public DataSummary summary() {
    return documents.summary();
  }

  @Override
  public void close() {
    documents.close();
  }
}
