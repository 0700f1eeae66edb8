package io.quartet.base;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.Corpus;
import io.quartet.datasets.Document;
import io.quartet.model.LongDocuments;
import io.quartet.model.TokenSequence;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The corpus as tokens: each document between two end-of-text tokens, the second one predicted. A
 * book is cut into rows, at other places in each epoch, and the rows are mixed.
 */
final class BaseText {
  /** Enough to tell losses apart to a hundredth, and read in a second or two. */
  private static final int HELD_OUT_BYTES = 1 << 17;

  /** Rows from which a document is a book. */
  private static final int BOOK = 16;

  private final Tokenizer tokenizer;
  private final ModelConfig config;
  private final Corpus corpus;
  private final int length;
  private final long seed;
  private final List<Document> heldOut;
  private final Map<Document, int[]> books = new HashMap<>();

  /**
   * @param length tokens of a row
   * @param seed of the order in which books' rows are read
   */
  BaseText(Tokenizer tokenizer, ModelConfig config, Corpus corpus, int length, long seed) {
    this.tokenizer = tokenizer;
    this.config = config;
    this.corpus = corpus;
    this.length = length;
    this.seed = seed;
    this.heldOut = upTo(HELD_OUT_BYTES, corpus.heldOut());
  }

  /** An epoch in the order to train on. */
  Iterator<TokenSequence> epoch(int number) {
    List<Document> documents = corpus.training(number);
    if (documents.stream().noneMatch(this::isBook)) {
      return documents.stream().map(this::sequence).iterator();
    }
    Random random = new Random(31 * seed + number);
    List<TokenSequence> rows = new ArrayList<>();
    for (Document document : documents) {
      if (isBook(document)) {
        int[] tokens = books.computeIfAbsent(document, this::tokens);
        rows.addAll(LongDocuments.pieces(tokens, length, 1 + random.nextInt(length)));
      } else {
        rows.add(sequence(document));
      }
    }
    Collections.shuffle(rows, random);
    return rows.iterator();
  }

  /** By its characters, as it has at least a few tokens for sixteen of them. */
  private boolean isBook(Document document) {
    return document.text().length() > BOOK * length;
  }

  /** The held-out documents, as many as are measured on. */
  Iterator<TokenSequence> heldOut() {
    return heldOut.stream().map(this::sequence).iterator();
  }

  /**
   * The same without the end-of-text after them, in windows that overlap by half, so that each
   * character is predicted from half a row before it or from all that there is.
   */
  Iterator<TokenSequence> heldOutWindows() {
    return heldOut.stream()
        .map(this::tokens)
        .map(tokens -> Arrays.copyOf(tokens, tokens.length - 1))
        .flatMap(tokens -> LongDocuments.windows(tokens, length, (length + 1) / 2).stream())
        .iterator();
  }

  /** Their length in UTF-8. */
  long heldOutBytes() {
    return heldOut.stream().mapToLong(BaseText::bytes).sum();
  }

  /** Their length in Unicode code points. */
  long heldOutCharacters() {
    return heldOut.stream().mapToLong(d -> d.text().codePointCount(0, d.text().length())).sum();
  }

  private TokenSequence sequence(Document document) {
    return TokenSequence.document(tokens(document));
  }

  private int[] tokens(Document document) {
    int[] text = tokenizer.encode(document.text());
    int[] tokens = new int[text.length + 2];
    tokens[0] = config.beginTokenId();
    System.arraycopy(text, 0, tokens, 1, text.length);
    tokens[text.length + 1] = config.endTokenId();
    return tokens;
  }

  private static List<Document> upTo(long bytes, List<Document> documents) {
    List<Document> some = new ArrayList<>();
    long sum = 0;
    for (Document document : documents) {
      if (sum >= bytes) {
        break;
      }
      some.add(document);
      sum += bytes(document);
    }
    return some;
  }

  private static long bytes(Document document) {
    return document.text().getBytes(StandardCharsets.UTF_8).length;
  }
}
