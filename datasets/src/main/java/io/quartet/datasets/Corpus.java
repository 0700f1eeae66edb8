package io.quartet.datasets;

import io.quartet.recipe.Recipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * A recipe's running text: the lessons' documents, written anew for each epoch, and the user's own.
 * A twentieth of the user's is held out, or the recipe's share at the end of each; the lessons'
 * held-out text is an epoch that training does not reach.
 */
public final class Corpus {
  private static final long UNREACHED_EPOCH = Long.MAX_VALUE;
  private static final int HELD_OUT_ONE_IN = 20;

  /** In fine-tuning, how much of the lessons' text is question lists. */
  private static final double QUESTIONS_SHARE = 0.4;

  private final Optional<WordNetLessons> lessons;
  private final long seed;
  private final List<Document> own = new ArrayList<>();
  private final List<Document> ownHeldOut = new ArrayList<>();

  private Corpus(Optional<WordNetLessons> lessons, long seed) {
    this.lessons = lessons;
    this.seed = seed;
  }

  /**
   * Reads a recipe's documents.
   *
   * @throws io.quartet.checkpoint.QuartetException as {@link DatasetReader#documents}
   */
  public static Corpus of(Recipe recipe) {
    var corpus = new Corpus(recipe.data().lessons().map(l -> lessons(l, recipe)), recipe.seed());
    if (!recipe.data().documents().isEmpty()) {
      try (Stream<Document> documents = DatasetReader.documents(recipe.data().documents())) {
        corpus.take(documents.toList(), recipe.data().heldOutTail());
      }
    }
    return corpus;
  }

  private static WordNetLessons lessons(Recipe.Lessons lessons, Recipe recipe) {
    return new WordNetLessons(LessonSettings.of(lessons, recipe.seed()));
  }

  private void take(List<Document> documents, double tail) {
    for (int i = 0; i < documents.size(); i++) {
      if (tail > 0 || documents.size() < HELD_OUT_ONE_IN) { // a few books: the end of each
        String text = documents.get(i).text();
        int length = text.codePointCount(0, text.length());
        int cut = text.offsetByCodePoints(0, heldIn(length, tail));
        keep(text.substring(0, cut), own);
        keep(text.substring(cut), ownHeldOut);
      } else {
        (i % HELD_OUT_ONE_IN == HELD_OUT_ONE_IN - 1 ? ownHeldOut : own).add(documents.get(i));
      }
    }
  }

  private static int heldIn(int length, double tail) {
    return tail > 0 ? (int) (length * (1 - tail)) : length - Math.max(1, length / HELD_OUT_ONE_IN);
  }

  private static void keep(String text, List<Document> documents) {
    if (!text.isBlank()) {
      documents.add(new Document(text));
    }
  }

  /** The WordNet lessons, if the recipe has them. */
  public Optional<WordNetLessons> lessons() {
    return lessons;
  }

  /** An epoch's documents in the order to train on. */
  public List<Document> training(long epoch) {
    return shuffled(
        lessons.map(l -> l.documents(epoch)).orElse(List.of()), "base documents", epoch);
  }

  /**
   * An epoch's documents to repeat in later stages, so that what the base model knows stays: more
   * question lists than in the base stage, since that is how the later stages ask it.
   */
  public List<Document> replay(long epoch) {
    List<Document> taught = new ArrayList<>();
    lessons.ifPresent(l -> taught.addAll(withQuestions(l, epoch)));
    return shuffled(taught, "replayed documents", epoch);
  }

  private List<Document> withQuestions(WordNetLessons taught, long epoch) {
    List<Document> questions = taught.questionLists(epoch);
    List<Document> documents = taught.documents(epoch);
    int others = (int) Math.round(questions.size() * (1 - QUESTIONS_SHARE) / QUESTIONS_SHARE);
    List<Document> mixed = new ArrayList<>(questions);
    mixed.addAll(documents.subList(0, Math.min(others, documents.size())));
    return mixed;
  }

  /** Documents that no epoch trains on, to measure what was learned. */
  public List<Document> heldOut() {
    List<Document> documents = new ArrayList<>(ownHeldOut);
    lessons.ifPresent(l -> documents.addAll(l.documents(UNREACHED_EPOCH)));
    return documents;
  }

  /** Text to train a tokenizer on. */
  public Iterable<String> tokenizerTexts() {
    List<String> taught = lessons.map(WordNetLessons::tokenizerTexts).orElse(List.of());
    return () -> Stream.concat(taught.stream(), own.stream().map(Document::text)).iterator();
  }

  /** Text that counts so many times more in training the tokenizer. */
  public Map<String, Long> tokenizerBoosts() {
    return lessons.map(WordNetLessons::headwordBoosts).orElse(Map.of());
  }

  private List<Document> shuffled(List<Document> taught, String purpose, long epoch) {
    List<Document> all = new ArrayList<>(taught);
    all.addAll(own);
    SplittableRandom random = Draw.stream(seed, purpose, epoch);
    return Draw.shuffled(all, random);
  }
}
