package io.quartet.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class RatedAnswersTest {
  @Test
  void everyTwoAnswersOfDifferentRatingAreAComparison() {
    assertThat(rated(0.2, 0.9, 0.5).pairs())
        .containsExactlyInAnyOrder(new int[] {1, 0}, new int[] {1, 2}, new int[] {2, 0});
  }

  @Test
  void aTieIsNoComparison() {
    RatedAnswers answers = rated(0.5, 0.5 + RatedAnswers.EQUAL / 2, 0.1);

    assertThat(answers.pairs()).containsExactlyInAnyOrder(new int[] {0, 2}, new int[] {1, 2});
    assertThat(rated(0.5, 0.5).ranked()).isFalse();
    assertThat(answers.ranked()).isTrue();
  }

  @Test
  void anAnswerWithoutRatingIsRefused() {
    assertThatThrownBy(() -> new RatedAnswers(List.of(new int[] {1}), new double[] {1, 2}))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessage("comparison: 2 ratings, expected 1, one for each answer");
  }

  private static RatedAnswers rated(double... ratings) {
    return new RatedAnswers(Collections.nCopies(ratings.length, new int[] {1}), ratings);
  }
}
