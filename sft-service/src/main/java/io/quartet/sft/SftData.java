package io.quartet.sft;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.EncodedConversation;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.Corpus;
import io.quartet.datasets.DataSummary;
import io.quartet.datasets.DatasetReader;
import io.quartet.datasets.Demonstration;
import io.quartet.datasets.Document;
import io.quartet.datasets.Reading;
import io.quartet.datasets.WordNetLessons;
import io.quartet.model.TokenSequence;
import io.quartet.recipe.Recipe;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;

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
  private final DataSummary summary;
  private final List<Demonstration> trained = new ArrayList<>();
  private final List<Demonstration> heldOut = new ArrayList<>();

  /**
   * Reads the recipe's demonstrations.
   *
   * @throws io.quartet.checkpoint.QuartetException as {@link DatasetReader#demonstrations}
   */
  SftData(Tokenizer tokenizer, ModelConfig config, Recipe recipe, Corpus corpus) {
    this.tokenizer = tokenizer;
    this.template = new ChatTemplate(tokenizer);
    this.config = config;
    this.recipe = recipe;
    this.corpus = corpus;
    List<Demonstration> all =
        new ArrayList<>(corpus.lessons().map(WordNetLessons::demonstrations).orElse(List.of()));
    try (Reading<Demonstration> own = DatasetReader.demonstrations(recipe.data())) {
      own.forEachRemaining(all::add);
      this.summary = own.summary();
    }
    for (int i = 0; i < all.size(); i++) {
      boolean held = i % HELD_OUT_ONE_IN == HELD_OUT_ONE_IN - 1 && heldOut.size() < MOST_HELD_OUT;
      (held ? heldOut : trained).add(all.get(i));
    }
    if (heldOut.isEmpty()) { // fewer than twenty: measured on what was trained on
      heldOut.addAll(trained);
    }
  }

  /** Every demonstration once in a new order, with the recipe's share of base text between them. */
  Iterator<TokenSequence> epoch(int number) {
    Random random = new Random(31 * recipe.seed() + number);
    List<Demonstration> order = new ArrayList<>(trained);
    Collections.shuffle(order, random);
    double wanted = recipe.sft().baseTextShare();
    List<Document> replay = wanted == 0 ? List.of() : corpus.replay(number);
    double share = replay.isEmpty() ? 0 : wanted;
    Iterator<Demonstration> demonstrations = order.iterator();
    return new Iterator<>() {
      private int replayed;

      @Override
      public boolean hasNext() {
        return demonstrations.hasNext();
      }

      @Override
      public TokenSequence next() {
        return random.nextDouble() < share
            ? document(replay.get(replayed++ % replay.size()))
            : demonstration(demonstrations.next());
      }
    };
  }

  /** What was found in the user's files. */
  DataSummary summary() {
    return summary;
  }

  /** The held-out demonstrations. */
  Iterator<TokenSequence> heldOut() {
    return heldOut.stream().map(this::demonstration).iterator();
  }

  private TokenSequence demonstration(Demonstration demonstration) {
    EncodedConversation encoded = template.encode(demonstration.conversation());
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
