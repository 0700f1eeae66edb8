package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class GoldScorerTest {
  private static final Word GROUP =
      new Word(
          "group",
          PartOfSpeech.NOUN,
          "any number of entities considered as a unit",
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Split.C);

  @Test
  void theIdealAnswerScoresOneInAllParts() {
    assertThat(
            score(
                " the word group is a noun. it means any number of entities considered as a unit."))
        .isEqualTo(new GoldScore(1, 1, 1, 1, 1));
  }

  @Test
  void blanksAroundTheAnswerDoNotCount() {
    String ideal = Task.DEFINE.ideal(GROUP).orElseThrow();
    assertThat(score("  " + ideal + "\n")).isEqualTo(score(ideal));
  }

  @Test
  void anAnswerThatIsCutOffDoesNotEnd() {
    assertThat(GoldScorer.score(GROUP, Task.DEFINE.ideal(GROUP).orElseThrow(), false))
        .isEqualTo(new GoldScore(1, 1, 1, 0, 1));
  }

  @Test
  void withoutItsPartOfSpeechAnAnswerAlsoLacksTheForm() {
    assertThat(score("the word group means any number of entities considered as a unit."))
        .isEqualTo(new GoldScore(1, 0, 0, 1, 1));
  }

  @Test
  void namingAnotherWordIsNotNaming() {
    assertThat(score("the word man is a noun. it means any number of entities."))
        .isEqualTo(new GoldScore(0, 1, 1, 1, 8.0 / 12));
  }

  @Test
  void ramblingIsMoreThanTheTwoStatements() {
    assertThat(
            score(
                "the word group is a noun. it means any number of entities considered as a unit."
                    + " man means an adult person who is male."))
        .isEqualTo(new GoldScore(1, 1, 0, 1, 1));
  }

  @Test
  void anEmptyAnswerThatEndsScoresItsEndOnly() {
    assertThat(score("")).isEqualTo(new GoldScore(0, 0, 0, 1, 0));
  }

  @Test
  void mannerAndTruthCountTheSame() {
    GoldScore score = new GoldScore(1, 1, 0, 1, 0.5);
    assertThat(score.manner()).isEqualTo(0.75);
    assertThat(score.mean()).isEqualTo(0.625);
  }

  @Test
  void tokenF1CountsAWordAsOftenAsBothHaveIt() {
    // Shared: a, b; 2·2 / (3 + 4).
    assertThat(GoldScorer.tokenF1("a b a", "a b c d")).isEqualTo(4.0 / 7, Offset.offset(1e-12));
    assertThat(GoldScorer.tokenF1("", "a")).isZero();
  }

  private static GoldScore score(String answer) {
    return GoldScorer.score(GROUP, answer, true);
  }
}
