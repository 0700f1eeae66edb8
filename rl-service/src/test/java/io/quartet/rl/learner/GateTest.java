package io.quartet.rl.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.datasets.GoldScore;
import io.quartet.evaluation.BestOfN;
import io.quartet.evaluation.RewardedAnswer;
import io.quartet.evaluation.ScoredAnswer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class GateTest {
  private static final int N = 4;

  @Test
  void aRewardModelThatPicksBetterAnswersPasses() {
    assertThatCode(() -> Gate.check(rewardModel(bestOf(truth -> truth)), N))
        .doesNotThrowAnyException();
  }

  @Test
  void oneThatPicksByChanceIsStopped() {
    var random = new SplittableRandom(5);
    stopped(rewardModel(bestOf(truth -> random.nextDouble())));
  }

  @Test
  void oneThatPicksWorseAnswersIsStopped() {
    stopped(rewardModel(bestOf(truth -> -truth)));
  }

  @Test
  void whereNoGoldScoreWasMeasuredNothingIsStopped() {
    assertThatCode(() -> Gate.check(rewardModel(Map.of("accuracy", 0.5)), N))
        .doesNotThrowAnyException();
  }

  private static void stopped(Checkpoint reward) {
    assertThatThrownBy(() -> Gate.check(reward, N))
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED_PRECONDITION))
        .hasMessageContaining("reward model 'reward/r/1': best of 4 on held-out words gains")
        .hasMessageContaining("expected an interval above 0");
  }

  /** What the reward stage would measure, of a model that rewards by the answer's truth. */
  private static Map<String, Object> bestOf(DoubleUnaryOperator reward) {
    var random = new SplittableRandom(1);
    List<RewardedAnswer> answers = new ArrayList<>();
    for (int word = 0; word < 20; word++) {
      for (int i = 0; i < N; i++) {
        double truth = random.nextDouble();
        var answer =
            new ScoredAnswer(
                "word" + word,
                "?",
                new int[] {1},
                new int[] {2},
                "an answer",
                true,
                new GoldScore(1, 1, 1, 1, truth));
        answers.add(new RewardedAnswer(answer, reward.applyAsDouble(truth)));
      }
    }
    return Map.of("best_of_" + N, BestOfN.of(answers).toMetrics());
  }

  private static Checkpoint rewardModel(Map<String, Object> metrics) {
    return new Checkpoint(
        CheckpointId.parse("reward/r/1"),
        Path.of("nowhere"),
        new ModelConfig(
            Architecture.SEQUENCE_CLASSIFICATION,
            64,
            16,
            24,
            2,
            4,
            2,
            4,
            32,
            10_000,
            1e-5,
            true,
            0,
            0,
            5),
        new TrainingRecord("", Optional.empty(), metrics),
        List.of());
  }
}
