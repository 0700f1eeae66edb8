package io.quartet.sft;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.EncodedConversation;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.Corpus;
import io.quartet.datasets.DataSummary;
import io.quartet.datasets.Demonstration;
import io.quartet.datasets.Document;
import io.quartet.datasets.WordNetLessons;
import io.quartet.model.TokenSequence;
import io.quartet.recipe.Recipe;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Demonstrations as tokens, the loss on the answers, and base text between them, the loss on all of
 * it, so that what the base model knows is not washed out. A twentieth of the demonstrations is
 * held out.
 */
final class SftData {
  private static final int HELD_OUT_ONE_IN = 20;
  private static final int MOST_HELD_OUT = 256;

  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final ModelConfig config;
  private final Recipe recipe;
  private final Corpus corpus;
  private final List<Demonstration> lessons;
  private final DemonstrationTokens own;
  private final int[] trained;
  private final int[] heldOut;

  /**
   * The recipe's demonstrations: those of the lessons, then the user's.
   *
   * @param own the user's
   */
  SftData(
      Tokenizer tokenizer,
      ModelConfig config,
      Recipe recipe,
      Corpus corpus,
      DemonstrationTokens own) {
    this.tokenizer = tokenizer;
    this.template = new ChatTemplate(tokenizer);
    this.config = config;
    this.recipe = recipe;
    this.corpus = corpus;
    this.lessons = corpus.lessons().map(WordNetLessons::demonstrations).orElse(List.of());
    this.own = own;
    int all = Math.addExact(lessons.size(), own.size());
    int[] held =
        IntStream.range(0, all)
            .filter(i -> i % HELD_OUT_ONE_IN == HELD_OUT_ONE_IN - 1)
            .limit(MOST_HELD_OUT)
            .toArray();
    this.trained = IntStream.range(0, all).filter(i -> Arrays.binarySearch(held, i) < 0).toArray();
    // Fewer than twenty are measured on what was trained on.
    this.heldOut = held.length == 0 ? trained : held;
  }

  /** Every demonstration once in a new order, with the recipe's share of base text between them. */
  Iterator<TokenSequence> epoch(int number) {
    Random random = new Random(31 * recipe.seed() + number);
    int[] order = trained.clone();
    shuffle(order, random);
    double wanted = recipe.sft().baseTextShare();
    List<Document> replay = wanted == 0 ? List.of() : corpus.replay(number);
    double share = replay.isEmpty() ? 0 : wanted;
    return new Iterator<>() {
      private int demonstrated;
      private int replayed;

      @Override
      public boolean hasNext() {
        return demonstrated < order.length;
      }

      @Override
      public TokenSequence next() {
        return random.nextDouble() < share
            ? document(replay.get(replayed++ % replay.size()))
            : demonstration(order[demonstrated++]);
      }
    };
  }

  /** As {@link java.util.Collections#shuffle} does. */
  private static void shuffle(int[] order, Random random) {
    for (int i = order.length; i > 1; i--) {
      int j = random.nextInt(i);
      int moved = order[i - 1];
      order[i - 1] = order[j];
      order[j] = moved;
    }
  }

  /** What was found in the user's files. */
  DataSummary summary() {
    return own.summary();
  }

  /** The held-out demonstrations. */
  Iterator<TokenSequence> heldOut() {
    return Arrays.stream(heldOut).mapToObj(this::demonstration).iterator();
  }

  private TokenSequence demonstration(int number) {
    if (number >= lessons.size()) {
      return own.get(number - lessons.size());
    }
    EncodedConversation encoded = template.encode(lessons.get(number).conversation());
    return TokenSequence.of(encoded.tokenIds(), encoded.trained());
  }

  private TokenSequence document(Document document) {
    int[] text = tokenizer.encode(document.text());
    int[] tokens = new int[text.length + 2];
    tokens[0] = config.beginTokenId();
    System.arraycopy(text, 0, tokens, 1, text.length);
    tokens[text.length + 1] = config.endTokenId();
    return TokenSequence.document(tokens);
  }
}
