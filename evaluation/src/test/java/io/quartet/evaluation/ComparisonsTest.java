package io.quartet.evaluation;

import static io.quartet.evaluation.Answers.answer;
import static io.quartet.evaluation.Answers.rewarded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class ComparisonsTest {
  private static final Offset<Double> CLOSE = Offset.offset(1e-9);

  @Test
  void aWinRateCountsTiesHalf() {
    List<ScoredAnswer> ours = List.of(answer("a", 1, 1), answer("b", 1, 0.5));
    List<ScoredAnswer> theirs = List.of(answer("a", 0, 0), answer("b", 1, 0.5));
    assertThat(WinRate.byGold(ours, theirs).mean()).isEqualTo(0.75);
  }

  @Test
  void aWinRateComparesEveryPairOfAnswersToAWord() {
    List<RewardedAnswer> ours =
        List.of(rewarded("a", 1, 1, 2), rewarded("a", 1, 1, 0), rewarded("b", 1, 1, 3));
    List<RewardedAnswer> theirs = List.of(rewarded("a", 1, 1, 1), rewarded("b", 1, 1, 4));
    assertThat(WinRate.byReward(ours, theirs).mean()).isEqualTo(0.25);
  }

  @Test
  void modelsAreComparedOnTheSameWordsOnly() {
    assertThatThrownBy(
            () ->
                WinRate.byGold(
                    List.of(answer("a", 1, 1), answer("b", 1, 1)),
                    List.of(answer("a", 1, 1), answer("c", 1, 1))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected the same words");
  }

  @Test
  void aChangeIsPairedByWord() {
    List<ScoredAnswer> before = List.of(answer("a", 0.5, 0.2), answer("b", 0.5, 0.8));
    List<ScoredAnswer> after = List.of(answer("a", 0.75, 0.3), answer("b", 0.75, 0.9));
    GoldSummary change = GoldSummary.change(before, after);
    // The words differ by 0.6 in truth, but each gains the same.
    assertThat(change.truth().mean()).isEqualTo(0.1, CLOSE);
    assertThat(change.truth().high()).isEqualTo(0.1, CLOSE);
    assertThat(change.manner().mean()).isEqualTo(0.25, CLOSE);
    assertThat(change.mean().mean()).isEqualTo(0.175, CLOSE);
  }

  @Test
  void bestOfNPicksByRewardAndTellsWhatAPerfectChoiceWouldReach() {
    List<RewardedAnswer> answers =
        List.of(
            rewarded("a", 1, 0, 0.9),
            rewarded("a", 0, 1, 0.1),
            rewarded("a", 1, 1, 0.5),
            rewarded("b", 1, 1, 0.9),
            rewarded("b", 0, 0, 0.1),
            rewarded("b", 0, 0, 0.5));
    BestOfN best = BestOfN.of(answers);
    assertThat(best.n()).isEqualTo(3);
    assertThat(best.manner().picked().mean()).isEqualTo(1);
    assertThat(best.truth().picked().mean()).isEqualTo(0.5);
    assertThat(best.gold().picked().mean()).isEqualTo(0.75);
    assertThat(best.gold().mean().mean()).isEqualTo(0.5, CLOSE);
    assertThat(best.gold().gain().mean()).isEqualTo(0.25, CLOSE);
    assertThat(best.oracle().mean()).isEqualTo(1);
  }

  @Test
  void bestOfNWantsAsManyAnswersForEachWord() {
    assertThatThrownBy(
            () ->
                BestOfN.of(
                    List.of(
                        rewarded("a", 1, 1, 0), rewarded("b", 1, 1, 0), rewarded("b", 1, 1, 0))))
        .hasMessage(
            "best of n: got [1, 2] answers about a word, expected the same number for each");
  }

  @Test
  void accuracyCountsPairsWhoseGoldDiffersAndTiesOfRewardHalf() {
    List<RewardedAnswer> answers =
        List.of(
            rewarded("a", 1, 1, 0.9),
            rewarded("a", 1, 0.5, 0.1),
            rewarded("a", 1, 0.5, 0.9),
            rewarded("b", 1, 1, 0.1),
            rewarded("b", 0, 1, 0.5));
    // a: right, tie; the two of equal gold are no pair. b: wrong.
    PairAccuracy accuracy = PairAccuracy.ofAnswers(answers).orElseThrow();
    assertThat(accuracy.pairs()).isEqualTo(3);
    assertThat(accuracy.accuracy().mean()).isEqualTo(0.5);
  }

  @Test
  void truthAndMannerAreJudgedWhereTheOtherIsEqual() {
    List<RewardedAnswer> answers =
        List.of(
            rewarded("a", 1, 1, 3),
            rewarded("a", 1, 0, 2),
            rewarded("a", 0.5, 1, 4),
            rewarded("b", 1, 1, 3),
            rewarded("b", 1, 0, 2),
            rewarded("b", 0.5, 1, 4));
    assertThat(PairAccuracy.ofTruth(answers).orElseThrow().accuracy().mean()).isEqualTo(1);
    assertThat(PairAccuracy.ofManner(answers).orElseThrow().accuracy().mean()).isEqualTo(0);
    assertThat(PairAccuracy.ofTruth(answers.subList(0, 3))).isEmpty();
  }

  @Test
  void theLengthHeuristicTakesItsBetterDirection() {
    List<RewardedPair> shorterIsBetter =
        List.of(new RewardedPair("a", 0, 1, 5, 9), new RewardedPair("b", 0, 1, 6, 9));
    PairAccuracy accuracy = PairAccuracy.of(shorterIsBetter).orElseThrow();
    assertThat(accuracy.accuracy().mean()).isEqualTo(0);
    assertThat(accuracy.lengthHeuristic().mean()).isEqualTo(1);
  }
}
