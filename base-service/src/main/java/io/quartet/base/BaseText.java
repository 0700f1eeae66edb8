package io.quartet.base;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.Corpus;
import io.quartet.datasets.Document;
import io.quartet.model.TokenSequence;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** The corpus as tokens: each document between two end-of-text tokens, the second one predicted. */
final class BaseText {
  /** Enough to tell losses apart to a hundredth, and read in a second or two. */
  private static final int HELD_OUT_BYTES = 1 << 17;

  private final Tokenizer tokenizer;
  private final ModelConfig config;
  private final Corpus corpus;
  private final List<Document> heldOut;

  BaseText(Tokenizer tokenizer, ModelConfig config, Corpus corpus) {
    this.tokenizer = tokenizer;
    this.config = config;
    this.corpus = corpus;
    this.heldOut = upTo(HELD_OUT_BYTES, corpus.heldOut());
  }

  /** An epoch in the order to train on. */
  Iterator<TokenSequence> epoch(int number) {
    return corpus.training(number).stream().map(this::sequence).iterator();
  }

  /** The held-out documents, as many as are measured on. */
  Iterator<TokenSequence> heldOut() {
    return heldOut.stream().map(this::sequence).iterator();
  }

  /** Their length in UTF-8. */
  long heldOutBytes() {
    return heldOut.stream().mapToLong(BaseText::bytes).sum();
  }

  private TokenSequence sequence(Document document) {
    int[] text = tokenizer.encode(document.text());
    int[] tokens = new int[text.length + 2];
    tokens[0] = config.beginTokenId();
    System.arraycopy(text, 0, tokens, 1, text.length);
    tokens[text.length + 1] = config.endTokenId();
    return TokenSequence.document(tokens);
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
