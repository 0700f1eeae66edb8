package io.quartet.rl.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.FinishReason;
import io.quartet.v1.Rollout;
import io.quartet.v1.RolloutBatch;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswersTest {
  private static final Rollout ENDED =
      Rollout.newBuilder()
          .setPromptId("a")
          .addAllPromptTokenIds(List.of(2, 9))
          .addAllResponseTokenIds(List.of(7, 8, 4))
          .addAllLogProbs(List.of(-1f, -2f, -3f))
          .setReward(0.5f)
          .setFinishReason(FinishReason.FINISH_REASON_STOP)
          .build();
  private static final Rollout CUT =
      ENDED.toBuilder()
          .setPromptId("b")
          .clearResponseTokenIds()
          .addResponseTokenIds(7)
          .clearLogProbs()
          .addLogProbs(-4f)
          .setReward(-1)
          .setFinishReason(FinishReason.FINISH_REASON_LENGTH)
          .build();

  @Test
  void batchesAreReadInTheirOrder() {
    Answers answers = Answers.of(List.of(batch(ENDED, CUT), batch(CUT)));

    assertThat(answers.promptIds()).containsExactly("a", "b", "b");
    assertThat(answers.prompts()).containsOnly(new int[] {2, 9});
    assertThat(answers.responses())
        .containsExactly(new int[] {7, 8, 4}, new int[] {7}, new int[] {7});
    assertThat(answers.logProbs())
        .containsExactly(new float[] {-1, -2, -3}, new float[] {-4}, new float[] {-4});
    assertThat(answers.rewards()).containsExactly(0.5f, -1, -1);
    assertThat(answers.ended()).containsExactly(true, false, false);
    assertThat(answers.meanLength()).isEqualTo(5 / 3.0);
    assertThat(answers.endedShare()).isEqualTo(1 / 3.0);
  }

  @Test
  void aTokenWithoutLogProbIsDataLoss() {
    refused(
        ENDED.toBuilder().clearLogProbs().addLogProbs(-1f).build(),
        "rollout of prompt 'a': 3 tokens with 1 log-probs, expected one for each of at least one");
  }

  @Test
  void anEmptyAnswerIsDataLoss() {
    refused(
        CUT.toBuilder().clearResponseTokenIds().clearLogProbs().build(),
        "rollout of prompt 'b': 0 tokens with 0 log-probs, expected one for each of at least one");
  }

  private static void refused(Rollout rollout, String message) {
    assertThatThrownBy(() -> Answers.of(List.of(batch(rollout))))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_LOSS))
        .hasMessage(message);
  }

  private static RolloutBatch batch(Rollout... rollouts) {
    return RolloutBatch.newBuilder().addAllRollouts(List.of(rollouts)).build();
  }
}
