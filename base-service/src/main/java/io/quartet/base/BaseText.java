package io.quartet.base;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.Corpus;
import io.quartet.datasets.Document;
import io.quartet.model.LongDocuments;
import io.quartet.model.TokenSequence;
import io.quartet.model.TokenShards;
import io.quartet.recipe.Recipe;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The corpus as tokens: the lessons made anew for each epoch, the user's own out of shards. Books
 * are cut into rows; see {@link EpochRows}.
 */
final class BaseText {
  /** Enough to tell losses apart to a hundredth, and read in a second or two. */
  static final int HELD_OUT_BYTES = 1 << 17;

  private final DocumentEncoder encoder;
  private final Corpus corpus;
  private final Optional<CorpusTokens> own;
  private final Optional<EpochRows> books;
  private final int length;
  private final long seed;
  private final List<Document> heldOutLessons;

  /**
   * @param own the user's documents; empty if there are none
   */
  BaseText(
      Tokenizer tokenizer,
      ModelConfig config,
      Corpus corpus,
      Optional<CorpusTokens> own,
      Recipe recipe) {
    this.length = recipe.base().sequence();
    this.seed = recipe.seed();
    this.books =
        own.map(tokens -> new EpochRows(tokens.training(), length)).filter(EpochRows::anyBook);
    this.encoder = new DocumentEncoder(tokenizer, config);
    this.corpus = corpus;
    this.own = own;
    this.heldOutLessons = upTo(HELD_OUT_BYTES - ownHeldOutBytes(), corpus.heldOutLessons());
  }

  /** An epoch in the order to train on. */
  Iterator<TokenSequence> epoch(int number) {
    List<Document> taught = corpus.taught(number);
    int shards = own.map(tokens -> tokens.training().documents()).orElse(0);
    int[] order = corpus.order(number, Math.addExact(taught.size(), shards));
    return books
        .map(
            rows ->
                rows.of(
                    order,
                    taught.size(),
                    i -> sequence(taught.get(i)),
                    new Random(31 * seed + number)))
        .orElseGet(
            () ->
                Arrays.stream(order)
                    .mapToObj(i -> i < taught.size() ? sequence(taught.get(i)) : own(i, taught))
                    .iterator());
  }

  private TokenSequence own(int number, List<Document> taught) {
    TokenShards shards = own.orElseThrow().training();
    return TokenSequence.document(shards.document(number - taught.size()));
  }

  /** The held-out documents, as many as are measured on. */
  Iterator<TokenSequence> heldOut() {
    return heldOutTokens().map(TokenSequence::document).iterator();
  }

  /**
   * The same without the end-of-text after them, in windows that overlap by half, so that each
   * character is predicted from half a row before it or from all that there is.
   */
  Iterator<TokenSequence> heldOutWindows() {
    return heldOutTokens()
        .map(tokens -> Arrays.copyOf(tokens, tokens.length - 1))
        .flatMap(tokens -> LongDocuments.windows(tokens, length, (length + 1) / 2).stream())
        .iterator();
  }

  private Stream<int[]> heldOutTokens() {
    return Stream.concat(
        own.map(CorpusTokens::heldOut).stream()
            .flatMap(shards -> IntStream.range(0, shards.documents()).mapToObj(shards::document)),
        heldOutLessons.stream().map(this::tokens));
  }

  /** Their length in UTF-8. */
  long heldOutBytes() {
    return ownHeldOutBytes() + heldOutLessons.stream().mapToLong(BaseText::bytes).sum();
  }

  /** Their length in Unicode code points. */
  long heldOutCharacters() {
    return own.map(CorpusTokens::heldOutCharacters).orElse(0L)
        + heldOutLessons.stream()
            .mapToLong(d -> d.text().codePointCount(0, d.text().length()))
            .sum();
  }

  private long ownHeldOutBytes() {
    return own.map(CorpusTokens::heldOutBytes).orElse(0L);
  }

  private TokenSequence sequence(Document document) {
    return TokenSequence.document(tokens(document));
  }

  private int[] tokens(Document document) {
    var tokens = IntStream.builder();
    encoder.encode(document.text(), part -> Arrays.stream(part).forEach(tokens::add));
    return tokens.build().toArray();
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
