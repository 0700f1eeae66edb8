package io.quartet.datasets;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The four stages' data from a closed vocabulary of WordNet 3.1: the most frequent words, each with
 * its most frequent meaning. It shows two lessons on a small scale: knowledge comes from
 * pretraining and manner from fine-tuning, and people compare better than they write.
 *
 * <p>Everything follows from the settings and their seed; the same settings give the same lessons
 * on every machine. Loading takes a second or two and keeps no more than the vocabulary.
 */
public final class WordNetLessons {
  private static final int EXAMPLES_IN_PROMPT = 3;
  private static final long HEADWORD_BOOST = 30;

  private final LessonSettings settings;
  private final List<Word> words;
  private final Map<String, Word> byLemma;
  private final Demonstrator demonstrator;
  private final FlawedAnswers flawed;
  private final DocumentSource facts;
  private final DocumentSource questionLists;

  /** Reads the vocabulary and splits it. */
  public WordNetLessons(LessonSettings settings) {
    this.settings = settings;
    this.words = split(Vocabulary.mostFrequent(settings.words()), settings);
    this.byLemma = words.stream().collect(Collectors.toMap(Word::lemma, Function.identity()));
    // Demonstrations, wrong ones too, say nothing about the words that have none.
    this.demonstrator = new Demonstrator(new OtherWords(words(Split.A)));
    this.flawed = new FlawedAnswers(new OtherWords(words(Split.A, Split.B)));
    this.facts = new FactSheets(words);
    this.questionLists = new QuestionLists(words(Split.A, Split.B), settings.questionLines());
  }

  /** The settings that made these lessons. */
  public LessonSettings settings() {
    return settings;
  }

  /** The whole vocabulary, most frequent word first. */
  public List<Word> words() {
    return words;
  }

  /** The words of some splits, most frequent first. */
  public List<Word> words(Split... splits) {
    Set<Split> wanted = Set.of(splits);
    return words.stream().filter(word -> wanted.contains(word.split())).toList();
  }

  /** The entry of a lemma; empty if the vocabulary does not have it. */
  public Optional<Word> word(String lemma) {
    return Optional.ofNullable(byLemma.get(lemma));
  }

  /**
   * Base: every word's facts, and question lists about A and B words; written and shuffled anew for
   * each epoch.
   */
  public List<Document> documents(long epoch) {
    SplittableRandom random = random("documents", epoch);
    List<Document> documents = new ArrayList<>(facts.write(random));
    documents.addAll(questionLists.write(random));
    return Draw.shuffled(documents, random);
  }

  /**
   * The question lists alone, other ones than in the documents of the same epoch: fine-tuning
   * repeats more of them than their share of the corpus.
   */
  public List<Document> questionLists(long epoch) {
    return questionLists.write(random("question lists", epoch));
  }

  /**
   * SFT: questions about A words with the answers of demonstrators of different habits, {@link
   * LessonSettings#demonstrationsPerWord} for each word, shuffled.
   */
  public List<Demonstration> demonstrations() {
    SplittableRandom random = random("demonstrations", 0);
    List<Demonstration> demonstrations = new ArrayList<>();
    for (int i = 0; i < settings.demonstrationsPerWord(); i++) {
      words(Split.A).forEach(word -> demonstrations.add(demonstration(word, random)));
    }
    return Draw.shuffled(demonstrations, random);
  }

  /**
   * Comparisons with built flaws: for every word of the splits and every flaw an ideal definition
   * against one with that flaw. Another round draws other phrasings and other wrong facts.
   */
  public List<Comparison> comparisons(int round, Split... splits) {
    SplittableRandom random = random("comparisons", round);
    return words(splits).stream()
        .flatMap(word -> Stream.of(Flaw.values()).map(flaw -> comparison(word, flaw, random)))
        .toList();
  }

  /**
   * Four answers that differ in truth alone: in one and the same manner the true gloss, another
   * word's and two mixtures.
   */
  public AnswerSet truthSet(Question question, SplittableRandom random) {
    return flawed.truthSet(question, random);
  }

  /** The ideal answer to a definition question and one that is as true but lacks in manner. */
  public AnswerSet mannerSet(Question question, SplittableRandom random) {
    return flawed.mannerSet(question, random);
  }

  /** Every way to ask what a word of the splits means. */
  public List<Question> questions(Split... splits) {
    return words(splits).stream()
        .flatMap(
            word ->
                IntStream.range(0, Task.DEFINE.phrasings())
                    .mapToObj(phrasing -> new Question(word, Task.DEFINE, phrasing)))
        .toList();
  }

  /** The same as prompts for RL; their ids are the questions'. */
  public List<Prompt> prompts(Split... splits) {
    return questions(splits).stream().map(Question::prompt).toList();
  }

  /** For every held-out word (C) one way to ask what it means, drawn by the seed. */
  public List<Question> heldOutQuestions() {
    SplittableRandom random = random("held-out questions", 0);
    return words(Split.C).stream().map(word -> define(word, random)).toList();
  }

  /**
   * The question of an id.
   *
   * @throws QuartetException NOT_FOUND if these lessons have no such question
   */
  public Question question(String id) {
    String[] parts = id.split("/", -1);
    return Stream.of(Task.values())
        .filter(t -> parts.length == 3 && t.name().toLowerCase(Locale.ROOT).equals(parts[0]))
        .flatMap(
            task ->
                word(parts[1]).stream()
                    .flatMap(
                        word ->
                            IntStream.range(0, task.phrasings())
                                .mapToObj(phrasing -> new Question(word, task, phrasing))))
        .filter(question -> question.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new QuartetException(
                    ErrorCode.NOT_FOUND,
                    "lessons: no question '%s'; expected task/word/phrasing, as %s"
                        .formatted(id, define(words.get(0), random("any", 0)).id())));
  }

  /**
   * Plain text that makes a base model answer in the assistant's manner: three A words' questions
   * in the same phrasing with their ideal answers, then the question.
   */
  public String fewShotPrompt(Question question) {
    List<Word> examples =
        Draw.shuffled(words(Split.A), random("few-shot", question.task().ordinal()));
    String shots =
        examples.stream()
            .filter(word -> !word.lemma().equals(question.word().lemma()))
            .filter(word -> question.task().ideal(word).isPresent())
            .map(word -> new Question(word, question.task(), question.phrasing()))
            .map(shot -> shot.text() + " " + shot.ideal())
            .limit(EXAMPLES_IN_PROMPT)
            .collect(Collectors.joining(" "));
    return " " + shots + " " + question.text();
  }

  /** Text with every word, question and ideal answer of the lessons, to train a tokenizer on. */
  public List<String> tokenizerTexts() {
    return words.stream()
        .flatMap(
            word ->
                Stream.concat(
                    FactForm.all(word).stream(),
                    Stream.of(Task.values()).flatMap(task -> exchange(task, word))))
        .map(text -> " " + text)
        .toList();
  }

  /** Headwords as in running text with extra counts, so that each becomes a single token. */
  public Map<String, Long> headwordBoosts() {
    Map<String, Long> boosts = new LinkedHashMap<>();
    words.forEach(word -> boosts.put(" " + word.lemma(), HEADWORD_BOOST));
    return boosts;
  }

  /** The licence of WordNet, to be shown wherever the lessons are. */
  public static String licence() {
    return WordNet.licence();
  }

  private Demonstration demonstration(Word word, SplittableRandom random) {
    Task drawn = Draw.weighted(settings.tasks(), random);
    Task task = drawn.ideal(word).isPresent() ? drawn : Task.DEFINE;
    Question question = new Question(word, task, random.nextInt(task.phrasings()));
    Habit habit = Draw.weighted(settings.habits(), random);
    return new Demonstration(question.answered(demonstrator.answer(question, habit, random)));
  }

  private Comparison comparison(Word word, Flaw flaw, SplittableRandom random) {
    Question question = define(word, random);
    return new Comparison(
        question.conversation(),
        question.ideal(),
        flawed.flawed(word, flaw, random).text(),
        Optional.of(flaw));
  }

  private static Question define(Word word, SplittableRandom random) {
    return new Question(word, Task.DEFINE, random.nextInt(Task.DEFINE.phrasings()));
  }

  private static Stream<String> exchange(Task task, Word word) {
    return Stream.concat(
        IntStream.range(0, task.phrasings()).mapToObj(i -> task.question(word, i)),
        task.ideal(word).stream());
  }

  private static List<Word> split(List<Word> words, LessonSettings settings) {
    // Two at least, for one word alone has no interval.
    int held = Math.max(2, (int) Math.round(words.size() * settings.shareC()));
    int undemonstrated = (int) Math.round(words.size() * settings.shareB());
    List<Integer> order =
        Draw.shuffled(
            IntStream.range(0, words.size()).boxed().toList(),
            Draw.stream(settings.seed(), "splits", 0));
    List<Word> split = new ArrayList<>(words);
    for (int i = 0; i < order.size(); i++) {
      Split to = i < held ? Split.C : i < held + undemonstrated ? Split.B : Split.A;
      split.set(order.get(i), words.get(order.get(i)).in(to));
    }
    return List.copyOf(split);
  }

  private SplittableRandom random(String purpose, long index) {
    return Draw.stream(settings.seed(), purpose, index);
  }
}
