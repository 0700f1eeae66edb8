package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.QuartetException;
import io.quartet.recipe.LessonsSection;
import io.quartet.recipe.Recipe;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class WordNetLessonsTest {
  private static final WordNetLessons LESSONS = Lessons.SMALL;

  @Test
  void theSameSettingsGiveTheSameLessons() {
    WordNetLessons again = new WordNetLessons(LESSONS.settings());
    assertThat(again.words()).isEqualTo(LESSONS.words());
    assertThat(again.documents(3)).isEqualTo(LESSONS.documents(3));
    assertThat(again.demonstrations()).isEqualTo(LESSONS.demonstrations());
    assertThat(again.comparisons(1, Split.B)).isEqualTo(LESSONS.comparisons(1, Split.B));
    assertThat(again.heldOutQuestions()).isEqualTo(LESSONS.heldOutQuestions());
  }

  @Test
  void theLessonsOfASeedAreTheSameOnEveryMachine() {
    assertThat(LESSONS.heldOutQuestions().stream().limit(4).map(Question::id))
        .containsExactly("define/more/0", "define/then/2", "define/feel/0", "define/other/2");
  }

  @Test
  void anotherSeedSplitsTheSameWordsOtherwise() {
    WordNetLessons other = new WordNetLessons(LessonSettings.mixed(200, 8));
    assertThat(lemmas(other.words())).isEqualTo(lemmas(LESSONS.words()));
    assertThat(lemmas(other.words(Split.C))).isNotEqualTo(lemmas(LESSONS.words(Split.C)));
  }

  @Test
  void splitsHaveTheirShares() {
    assertThat(List.of(Split.A, Split.B, Split.C))
        .extracting(split -> LESSONS.words(split).size())
        .containsExactly(113, 67, 20);
  }

  @Test
  void everyEpochTellsEveryFactOnceInAnotherOrder() {
    List<String> facts =
        LESSONS.words().stream().flatMap(w -> FactForm.all(w).stream()).sorted().toList();
    assertThat(sentences(LESSONS.documents(0))).containsAll(facts);
    assertThat(LESSONS.documents(0)).isNotEqualTo(LESSONS.documents(1));
  }

  @Test
  void documentsBeginWithASpaceSoThatTheirFirstWordIsTheTokenOfRunningText() {
    assertThat(LESSONS.documents(0)).allMatch(document -> document.text().matches(" \\S.*"));
  }

  @Test
  void aWordHasItsFactsInNinePlainForms() {
    assertThat(FactForm.all(Lessons.word("person")))
        .containsExactly(
            "person (noun): a human being.",
            "person means a human being.",
            "person is a noun which means a human being.",
            "a human being: that is the meaning of person.",
            "the name for a human being is person.",
            "person is a noun.",
            "person is a kind of organism.",
            "person can be replaced by individual.",
            "example of person: there was too much for one person to do.");
  }

  @Test
  void everyWordButTheHeldOutIsAskedAboutOnceAnEpoch() {
    String corpus =
        LESSONS.documents(0).stream().map(Document::text).collect(Collectors.joining("\n"));
    assertThat(LESSONS.words())
        .allSatisfy(
            word ->
                assertThat(
                        IntStream.range(0, Task.DEFINE.phrasings())
                            .mapToObj(i -> " " + Task.DEFINE.question(word, i) + " ")
                            .mapToInt(q -> corpus.split(Pattern.quote(q), -1).length - 1)
                            .sum())
                    .as(word.lemma())
                    .isEqualTo(word.split() == Split.C ? 0 : 1));
  }

  @Test
  void questionListsAnswerInTheOrderOfTheAssistantsAnswer() {
    assertThat(LESSONS.questionLists(0))
        .allMatch(
            list ->
                list.text()
                    .matches(
                        "( (what does \\w+ mean\\?|define \\w+\\.|what is the meaning of \\w+\\?)"
                            + " \\w+ is an? \\w+ which means [^.]+\\.){1,3}"));
  }

  @Test
  void theAnswersOfATruthSetDifferInTruthAlone() {
    SplittableRandom random = new SplittableRandom(5);
    assertThat(LESSONS.questions(Split.B))
        .allSatisfy(
            question -> {
              List<GoldScore> scores = scores(LESSONS.truthSet(question, random));
              assertThat(scores.get(0).truth()).isEqualTo(1);
              assertThat(scores.subList(1, 4)).allMatch(score -> score.truth() < 1);
              assertThat(scores.stream().map(GoldScore::manner).distinct()).hasSize(1);
            });
  }

  @Test
  void theAnswersOfAMannerSetDifferInMannerAlone() {
    SplittableRandom random = new SplittableRandom(5);
    assertThat(LESSONS.questions(Split.B))
        .allSatisfy(
            question -> {
              List<GoldScore> scores = scores(LESSONS.mannerSet(question, random));
              assertThat(scores).allMatch(score -> score.truth() == 1);
              assertThat(scores.get(0).manner()).isGreaterThan(scores.get(1).manner());
            });
  }

  @Test
  void demonstrationsAreAboutDemonstratedWordsOnly() {
    Set<String> demonstrated = Set.copyOf(lemmas(LESSONS.words(Split.A)));
    assertThat(LESSONS.demonstrations())
        .hasSize(113 * 12)
        .allMatch(
            d -> {
              String question = d.conversation().messages().get(0).content();
              return demonstrated.stream()
                  .anyMatch(lemma -> List.of(question.split("[ .?]")).contains(lemma));
            });
  }

  @Test
  void aThirdOfTheDemonstrationsIsIdeal() {
    Set<String> ideal =
        LESSONS.words(Split.A).stream()
            .map(word -> Task.DEFINE.ideal(word).orElseThrow())
            .collect(Collectors.toSet());
    List<Demonstration> all = LESSONS.demonstrations();
    double share =
        all.stream().filter(d -> ideal.contains(d.answer())).count() / (double) all.size();
    assertThat(share).isEqualTo(0.30, Offset.offset(0.04));
  }

  @Test
  void demonstratorsWithoutBadHabitsAnswerEveryTaskIdeally() {
    LessonSettings settings =
        LessonSettings.mixed(60, 7)
            .withHabits(Map.of(Habit.IDEAL, 1.0))
            .withTasks(
                Map.of(
                    Task.DEFINE,
                    1.0,
                    Task.WORD_FOR,
                    1.0,
                    Task.PART_OF_SPEECH,
                    1.0,
                    Task.SENTENCE,
                    1.0));
    WordNetLessons lessons = new WordNetLessons(settings);
    Map<String, String> ideal =
        lessons.words(Split.A).stream()
            .flatMap(
                word ->
                    List.of(Task.values()).stream()
                        .flatMap(
                            task ->
                                IntStream.range(0, task.phrasings())
                                    .mapToObj(i -> new Question(word, task, i))))
            .filter(q -> q.task().ideal(q.word()).isPresent())
            .collect(Collectors.toMap(Question::text, q -> q.task().ideal(q.word()).orElseThrow()));
    assertThat(lessons.demonstrations())
        .allSatisfy(
            d -> {
              List<Message> turns = d.conversation().messages();
              assertThat(turns.get(1).content()).isEqualTo(ideal.get(turns.get(0).content()));
            });
  }

  @Test
  void theLabellerPrefersTheChosenAnswerOfEveryBuiltComparison() {
    List<Word> words = LESSONS.words(Split.A, Split.B);
    List<Comparison> comparisons = LESSONS.comparisons(0, Split.A, Split.B);
    assertThat(comparisons).hasSize(words.size() * Flaw.values().length);
    for (int i = 0; i < comparisons.size(); i++) {
      Comparison c = comparisons.get(i);
      Word word = words.get(i / Flaw.values().length);
      assertThat(
              Labeller.compare(
                  word, new Answer(c.chosen(), true), new Answer(c.rejected(), c.rejectedEnds())))
          .as("%s", c)
          .isEqualTo(Preference.FIRST);
    }
  }

  @Test
  void equallyGoodAnswersGiveNoPreference() {
    Word word = Lessons.word("person");
    Answer answer = new Answer("it means a human being.", true);
    assertThat(Labeller.compare(word, answer, answer)).isEqualTo(Preference.NEITHER);
  }

  @Test
  void theInstructionsAreWrittenDown() {
    assertThat(Labeller.instructions()).startsWith("How to judge an answer").contains("prefer");
  }

  @Test
  void aPromptsIdLeadsBackToItsQuestion() {
    assertThat(LESSONS.prompts(Split.A, Split.B))
        .hasSize(180 * 3)
        .allSatisfy(p -> assertThat(LESSONS.question(p.id()).prompt()).isEqualTo(p));
  }

  @Test
  void anUnknownQuestionIsNotFound() {
    assertThatThrownBy(() -> LESSONS.question("define/person/9"))
        .isInstanceOf(QuartetException.class)
        .hasMessageContaining("no question 'define/person/9'");
  }

  @Test
  void heldOutQuestionsAskOnceForEachHeldOutWord() {
    assertThat(LESSONS.heldOutQuestions().stream().map(Question::word))
        .containsExactlyElementsOf(LESSONS.words(Split.C));
  }

  @Test
  void fewShotPromptsShowThreeAnsweredQuestionsInThePhrasingOfTheQuestion() {
    Question question = new Question(LESSONS.words(Split.C).get(0), Task.DEFINE, 1);
    assertThat(LESSONS.fewShotPrompt(question))
        .matches(
            "( define \\w+\\. the word \\w+ is an? \\w+\\. it means [^.]+\\.){3} define \\w+\\.")
        .endsWith(question.text());
  }

  @Test
  void aWordThatIsAloneWithItsPartOfSpeechTakesWrongFactsFromAnother() {
    Word only = word("very", PartOfSpeech.ADVERB, "used to make stronger");
    Word noun = word("man", PartOfSpeech.NOUN, "an adult");
    FlawedAnswers flawed = new FlawedAnswers(new OtherWords(List.of(only, noun)));
    assertThat(flawed.flawed(only, Flaw.OTHER_GLOSS, new SplittableRandom(1)).text())
        .isEqualTo("the word very is an adverb. it means an adult.");
  }

  @Test
  void theDefaultRecipesLessonsHaveMixedHabits() {
    LessonsSection lessons = Recipe.committed("default").data().lessons().orElseThrow();
    assertThat(LessonSettings.of(lessons, 7).habits())
        .isEqualTo(LessonSettings.mixed(lessons.words(), 7).habits());
  }

  @Test
  void impossibleSettingsSayWhatWasGotAndExpected() {
    assertThatThrownBy(() -> LessonSettings.mixed(3, 0))
        .hasMessage("lessons: words: got 3, expected 20 to 20000");
    assertThatThrownBy(() -> LessonSettings.mixed(50, 0).withHabits(Map.of(Habit.IDEAL, 0.0)))
        .hasMessage("lessons: habits: got {IDEAL=0.0}, expected a weight above 0");
  }

  private static Word word(String lemma, PartOfSpeech partOfSpeech, String gloss) {
    return new Word(
        lemma, partOfSpeech, gloss, Optional.empty(), Optional.empty(), Optional.empty(), Split.A);
  }

  private static List<GoldScore> scores(AnswerSet set) {
    return set.answers().stream()
        .map(a -> GoldScorer.score(set.question().word(), a.text(), a.ended()))
        .toList();
  }

  private static List<String> lemmas(List<Word> words) {
    return words.stream().map(Word::lemma).sorted(Comparator.naturalOrder()).toList();
  }

  private static List<String> sentences(List<Document> documents) {
    String text = documents.stream().map(Document::text).collect(Collectors.joining());
    return LESSONS.words().stream()
        .flatMap(w -> FactForm.all(w).stream())
        .filter(fact -> text.contains(" " + fact))
        .sorted()
        .toList();
  }
}
