package io.quartet.datasets;

import io.quartet.recipe.Recipe;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A recipe's running text: the lessons' documents, written anew for each epoch, and the user's own,
 * which are read as a stream whenever they are needed. A twentieth of the user's is held out, or
 * the recipe's share at the end of each; the lessons' held-out text is an epoch that training does
 * not reach.
 */
public final class Corpus {
  private static final long UNREACHED_EPOCH = Long.MAX_VALUE;

  /** In fine-tuning, how much of the lessons' text is question lists. */
  private static final double QUESTIONS_SHARE = 0.4;

  /** Characters of a repeated passage for each token of a row. */
  private static final int CHARACTERS_A_TOKEN = 4;

  private final Optional<WordNetLessons> lessons;
  private final Recipe recipe;
  private @Nullable Boolean few;
  private @Nullable List<Document> passages;

  private Corpus(Optional<WordNetLessons> lessons, Recipe recipe) {
    this.lessons = lessons;
    this.recipe = recipe;
  }

  /** A recipe's corpus; no file is read yet. */
  public static Corpus of(Recipe recipe) {
    return new Corpus(
        recipe.data().lessons().map(l -> new WordNetLessons(LessonSettings.of(l, recipe.seed()))),
        recipe);
  }

  /** The WordNet lessons, if the recipe has them. */
  public Optional<WordNetLessons> lessons() {
    return lessons;
  }

  /** Whether the user has documents. */
  public boolean hasOwn() {
    return !recipe.data().documents().isEmpty();
  }

  /**
   * The user's documents, from the first on.
   *
   * @throws io.quartet.checkpoint.QuartetException as {@link DatasetReader#documents}
   */
  public OwnDocuments own() {
    if (few == null) {
      few = OwnDocuments.few(recipe.data());
    }
    return OwnDocuments.open(recipe.data(), few);
  }

  /** The files that they are in. */
  public List<Path> ownFiles() {
    return recipe.data().documents().stream()
        .flatMap(source -> DatasetFiles.matching(source.files(), Rows.ENDINGS).stream())
        .toList();
  }

  /** The documents of the lessons in an epoch, in no order. */
  public List<Document> taught(long epoch) {
    return lessons.map(l -> l.documents(epoch)).orElse(List.of());
  }

  /**
   * The order to train on an epoch's documents in.
   *
   * @param documents how many there are
   * @return indices, a permutation of 0 to documents − 1 that depends on the seed and the epoch
   */
  public int[] order(long epoch, int documents) {
    return Draw.permutation(documents, Draw.stream(recipe.seed(), "base documents", epoch));
  }

  /**
   * An epoch's documents to repeat in later stages, so that what the base model knows stays: more
   * question lists than in the base stage, since that is how the later stages ask it, and passages
   * of the user's documents.
   */
  public List<Document> replay(long epoch) {
    List<Document> taught = new ArrayList<>();
    lessons.ifPresent(l -> taught.addAll(withQuestions(l, epoch)));
    taught.addAll(passages());
    SplittableRandom random = Draw.stream(recipe.seed(), "replayed documents", epoch);
    return Draw.shuffled(taught, random);
  }

  private List<Document> passages() {
    if (passages == null) {
      var sample =
          new OwnPassages(
              CHARACTERS_A_TOKEN * recipe.sft().sequence(),
              Draw.stream(recipe.seed(), "replayed passages", 0));
      if (hasOwn()) {
        try (OwnDocuments own = own()) {
          own.forEachRemaining(
              part -> {
                if (!part.heldOut()) {
                  sample.add(part.document());
                }
              });
        }
      }
      passages = sample.kept();
    }
    return passages;
  }

  private List<Document> withQuestions(WordNetLessons taught, long epoch) {
    List<Document> questions = taught.questionLists(epoch);
    List<Document> documents = taught.documents(epoch);
    int others = (int) Math.round(questions.size() * (1 - QUESTIONS_SHARE) / QUESTIONS_SHARE);
    List<Document> mixed = new ArrayList<>(questions);
    mixed.addAll(documents.subList(0, Math.min(others, documents.size())));
    return mixed;
  }

  /** Documents of the lessons that no epoch trains on, to measure what was learned. */
  public List<Document> heldOutLessons() {
    return taught(UNREACHED_EPOCH);
  }

  /** Text to train a tokenizer on; of the user's, what is not held out, up to a gibicharacter. */
  public Iterable<String> tokenizerTexts() {
    List<String> taught = lessons.map(WordNetLessons::tokenizerTexts).orElse(List.of());
    return () -> new TokenizerTexts(taught, hasOwn() ? Optional.of(own()) : Optional.empty());
  }

  /** Text that counts so many times more in training the tokenizer. */
  public Map<String, Long> tokenizerBoosts() {
    return lessons.map(WordNetLessons::headwordBoosts).orElse(Map.of());
  }
}
