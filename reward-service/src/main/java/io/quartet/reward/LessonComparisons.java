package io.quartet.reward;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.datasets.Answer;
import io.quartet.datasets.AnswerSet;
import io.quartet.datasets.Labeller;
import io.quartet.datasets.Question;
import io.quartet.datasets.Split;
import io.quartet.datasets.Task;
import io.quartet.datasets.Word;
import io.quartet.datasets.WordNetLessons;
import io.quartet.evaluation.ScoredAnswer;
import io.quartet.recipe.RewardSection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The lessons' comparisons by the written labelling instructions: the SFT model's own samples, and
 * built answers that differ in truth alone or in manner alone.
 */
final class LessonComparisons {
  private static final int ANSWERS_IN_SET = 4;

  /** Answers about words without demonstrations are most like those about words never compared. */
  private static final double UNDEMONSTRATED_SHARE = 0.8;

  private final List<LabelledSamples> undemonstrated;
  private final List<LabelledSamples> samples;
  private final List<Question> questions;
  private final WordNetLessons lessons;
  private final ChatTemplate template;
  private final Recital recital;
  private final RewardSection recipe;

  /**
   * One question with the SFT model's answers and their ratings.
   *
   * @param sequences as the reward model reads them
   * @param answers the same without recital
   */
  record LabelledSamples(
      Question question, List<int[]> sequences, List<ScoredAnswer> answers, double[] ratings) {
    /** Labels samples. */
    static LabelledSamples of(Question question, List<ScoredAnswer> answers, Recital recital) {
      return new LabelledSamples(
          question,
          recital.before(answers.stream().map(ScoredAnswer::sequence).toList()),
          answers,
          answers.stream()
              .map(answer -> new Answer(answer.answer(), answer.ended()))
              .mapToDouble(answer -> Labeller.rating(question.word(), answer))
              .toArray());
    }

    /** All answers as one ranked set. */
    RatedAnswers rated() {
      return new RatedAnswers(sequences, ratings);
    }

    private RatedAnswers some(int count, SplittableRandom random) {
      List<Integer> left = new ArrayList<>();
      for (int i = 0; i < ratings.length; i++) {
        left.add(i);
      }
      List<int[]> drawn = new ArrayList<>();
      List<Double> rated = new ArrayList<>();
      while (drawn.size() < count && !left.isEmpty()) {
        int i = left.remove(random.nextInt(left.size()));
        drawn.add(sequences.get(i));
        rated.add(ratings[i]);
      }
      return new RatedAnswers(drawn, rated.stream().mapToDouble(Double::doubleValue).toArray());
    }
  }

  /**
   * @param samples the SFT model's labelled answers to questions about the training words
   * @param lessons writes the other sets
   */
  LessonComparisons(
      List<LabelledSamples> samples,
      WordNetLessons lessons,
      ChatTemplate template,
      Recital recital,
      RewardSection recipe) {
    this.questions = samples.stream().map(LabelledSamples::question).toList();
    this.samples = samples.stream().filter(s -> s.rated().ranked()).toList();
    this.undemonstrated =
        this.samples.stream().filter(s -> s.question().word().split() == Split.B).toList();
    this.lessons = lessons;
    this.template = template;
    this.recital = recital;
    this.recipe = recipe;
  }

  /** A ranked set and the word that it is about. */
  record Drawn(Word word, RatedAnswers set) {}

  /** Draws a set in which at least two answers differ in rating. */
  Drawn draw(SplittableRandom random) {
    while (true) {
      Drawn drawn = any(random);
      if (drawn.set().ranked()) {
        return drawn;
      }
    }
  }

  private Drawn any(SplittableRandom random) {
    double kind = random.nextDouble();
    if (kind < recipe.ownSampleShare() && !samples.isEmpty()) {
      boolean fromB = !undemonstrated.isEmpty() && random.nextDouble() < UNDEMONSTRATED_SHARE;
      LabelledSamples own = one(fromB ? undemonstrated : samples, random);
      return new Drawn(own.question().word(), own.some(ANSWERS_IN_SET, random));
    }
    Word word = one(questions, random).word();
    var question = new Question(word, Task.DEFINE, random.nextInt(Task.DEFINE.phrasings()));
    boolean manner = kind < recipe.ownSampleShare() + recipe.mannerShare();
    AnswerSet built =
        manner ? lessons.mannerSet(question, random) : lessons.truthSet(question, random);
    return new Drawn(word, rated(built));
  }

  /** Built answers with their ratings. */
  RatedAnswers rated(AnswerSet set) {
    Word word = set.question().word();
    return new RatedAnswers(
        recital.before(
            set.answers().stream()
                .map(answer -> conversation(template, set.question(), answer))
                .toList()),
        set.answers().stream().mapToDouble(answer -> Labeller.rating(word, answer)).toArray());
  }

  /** Tokens of question and answer; an answer that did not end has no {@code <|end|>}. */
  static int[] conversation(ChatTemplate template, Question question, Answer answer) {
    int[] tokens = template.encode(question.answered(answer.text())).tokenIds();
    return answer.ended() ? tokens : Arrays.copyOf(tokens, tokens.length - 1);
  }

  private static <T> T one(List<T> from, SplittableRandom random) {
    return from.get(random.nextInt(from.size()));
  }
}
