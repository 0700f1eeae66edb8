package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quartet.model.AdvantageEstimator.Advantages;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class PpoTest {
  private static final Workers WORKERS = TorchRuntime.configure(2);
  private static final Offset<Float> CLOSE = within(1e-5f);

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void ratioIsOneOnThePolicyThatSampled() {
    for (ActorCritic model : models()) {
      List<PpoSample> samples = samples(model, 0);

      Loss loss = loss(model, samples);

      assertThat(loss.metrics().get("ratio")).isCloseTo(1, within(1e-5));
      assertThat(loss.metrics().get("clip_fraction")).isEqualTo(0);
      assertThat(loss.metrics().get("policy_kl")).isCloseTo(0, within(1e-5));
      // With ratio 1 the policy's part is minus the mean advantage, and V = V_old.
      assertThat(loss.metrics().get("policy_loss")).isCloseTo(-1, within(1e-5));
    }
  }

  @Test
  void policyLossIsPessimistic() {
    try (var scope = new PointerScope()) {
      var loss = new PpoLoss(new PpoLoss.Options(0.2, 0.5, 1, 0), 1);

      float[] values =
          Tensors.floats(
              loss.policyLoss(
                  Tensor.create(1.5f, 1.5f, 0.5f, 0.5f), Tensor.create(1f, -1f, 1f, -1f)));

      assertThat(values).containsExactly(new float[] {-1.2f, 1.5f, -0.5f, 0.8f}, CLOSE);
    }
  }

  @Test
  void valueLossIsPessimistic() {
    try (var scope = new PointerScope()) {
      var loss = new PpoLoss(new PpoLoss.Options(0.2, 0.5, 1, 0), 1);

      float[] values =
          Tensors.floats(
              loss.valueLoss(
                  Tensor.create(2f, 0.2f), Tensor.create(0f, 0f), Tensor.create(2f, 1f)));

      // Jumping onto the return counts as if only 0.5 of the way had been allowed.
      assertThat(values).containsExactly(new float[] {1.125f, 0.32f}, CLOSE);
    }
  }

  @Test
  void updatesRaiseTheLikelihoodOfGoodAnswers() {
    for (ActorCritic model : models()) {
      List<PpoSample> samples = samples(model, 0);
      var trainer =
          new Trainer<>(
              model,
              new AdamW(model, AdamW.Options.of(0)),
              LearningRateSchedule.constant(1e-3),
              1,
              WORKERS);

      double before = likelihood(model, samples);
      var figures = new ArrayList<StepMetrics>();
      for (int i = 0; i < 5; i++) {
        figures.add(
            trainer.step(
                List.of(samples.subList(0, 1), samples.subList(1, 2)),
                (m, part) -> new PpoLoss(options(), tokens(samples)).of(m, part)));
      }

      assertThat(likelihood(model, samples)).isGreaterThan(before);
      assertThat(figures.get(4).figures().get("value_loss"))
          .isLessThan(figures.get(0).figures().get("value_loss"));
    }
  }

  @Test
  void advantagesEqualTheHandComputedOnes() {
    // δ = (0.5 + 0.9·0.4 − 0.2, 0 + 0.9·0.6 − 0.4, 1 − 0.6) = (0.66, 0.14, 0.4), γλ = 0.72
    Advantages result =
        AdvantageEstimator.gae(new float[] {0.5f, 0, 1}, new float[] {0.2f, 0.4f, 0.6f}, 0.9, 0.8);

    assertThat(result.advantages()).containsExactly(new float[] {0.96816f, 0.428f, 0.4f}, CLOSE);
    assertThat(result.returns()).containsExactly(new float[] {1.16816f, 0.828f, 1f}, CLOSE);
  }

  @Test
  void withoutDiscountReturnsAreTheSumsOfRewards() {
    Advantages result = AdvantageEstimator.gae(new float[] {1, 2, 3}, new float[] {9, 8, 7}, 1, 1);

    assertThat(result.returns()).containsExactly(new float[] {6, 5, 3}, CLOSE);
  }

  @Test
  void leaveOneOutComparesWithTheOthers() {
    assertThat(AdvantageEstimator.leaveOneOut(new double[] {1, 2, 6}))
        .containsExactly(new double[] {-3, -1.5, 4.5}, within(1e-12));
  }

  @Test
  void whitenedAdvantagesHaveMeanZeroAndVarianceOne() {
    List<float[]> whitened =
        AdvantageEstimator.whiten(List.of(new float[] {1, 5}, new float[] {3}, new float[] {7}));

    assertThat(whitened.get(0)).containsExactly(new float[] {-1.341641f, 0.447214f}, CLOSE);
    assertThat(whitened.get(1)).containsExactly(new float[] {-0.447214f}, CLOSE);
    assertThat(whitened.get(2)).containsExactly(new float[] {1.341641f}, CLOSE);
  }

  @Test
  void theAnswersRewardComesLastAndDivergenceCostsEverywhere() {
    float[] rewards =
        AdvantageEstimator.tokenRewards(2, new float[] {-1, -2}, new float[] {-2, -2}, 0.1);

    assertThat(rewards).containsExactly(new float[] {-0.1f, 2}, CLOSE);
  }

  @Test
  void explainedVarianceOfAPerfectCriticIsOne() {
    var returns = List.of(new float[] {1, 2}, new float[] {4});

    assertThat(AdvantageEstimator.explainedVariance(returns, returns)).isCloseTo(1, within(1e-6));
    assertThat(
            AdvantageEstimator.explainedVariance(
                List.of(new float[] {3, 3}, new float[] {3}), returns))
        .isCloseTo(0, within(1e-6));
  }

  @Test
  void divergenceEstimatorsAgreeOnAverage() {
    double[] p = {0.5, 0.3, 0.2};
    double[] q = {0.4, 0.4, 0.2};
    double exact = 0;
    double k3 = 0;
    for (int i = 0; i < p.length; i++) {
      exact += p[i] * KlEstimator.K1.of(Math.log(p[i]), Math.log(q[i]));
      k3 += p[i] * KlEstimator.K3.of(Math.log(p[i]), Math.log(q[i]));
      assertThat(KlEstimator.K3.of(Math.log(p[i]), Math.log(q[i]))).isNotNegative();
    }
    assertThat(k3).isCloseTo(exact, within(1e-12));
    assertThat(KlEstimator.K2.sum(new float[] {-1, -2}, new float[] {-3, -2})).isEqualTo(2);
  }

  @Test
  void sampleOfTheWrongLengthIsRefused() {
    var sequence = TokenSequence.answer(new int[] {1}, new int[] {2, 3});
    float[] two = {0, 0};

    assertThatThrownBy(() -> new PpoSample(sequence, two, new float[1], two, two))
        .hasMessage("PPO sample: got 1 values, expected 2, one for each token of the answer");
  }

  private static List<ActorCritic> models() {
    return List.of(
        ActorCritic.shared(Tiny.model(Precision.FP32, 1), 3, 2),
        ActorCritic.separate(Tiny.model(Precision.FP32, 1), LossGradientTest.reward(3), 3));
  }

  private static PpoLoss.Options options() {
    return new PpoLoss.Options(0.2, 0.5, 0.5, 0);
  }

  private static int tokens(List<PpoSample> samples) {
    return samples.stream().mapToInt(sample -> sample.logProbs().length).sum();
  }

  private static Loss loss(ActorCritic model, List<PpoSample> samples) {
    try (var scope = new PointerScope()) {
      return new PpoLoss(options(), tokens(samples)).of(model, samples);
    }
  }

  private static double likelihood(ActorCritic model, List<PpoSample> samples) {
    double sum = 0;
    for (LogProbs scores :
        LogProbs.of(model.policy(), samples.stream().map(PpoSample::sequence).toList(), WORKERS)) {
      for (float logProb : scores.logProbs()) {
        sum += logProb;
      }
    }
    return sum;
  }

  private static List<PpoSample> samples(ActorCritic model, long seed) {
    var sequences =
        List.of(
            TokenSequence.answer(Tiny.tokens(4, seed), Tiny.tokens(7, seed + 1)),
            TokenSequence.answer(Tiny.tokens(6, seed + 2), Tiny.tokens(5, seed + 3)));
    List<LogProbs> scores = LogProbs.of(model.policy(), sequences, WORKERS);
    List<float[]> values = model.values(sequences, WORKERS);
    var samples = new ArrayList<PpoSample>();
    for (int i = 0; i < sequences.size(); i++) {
      int length = values.get(i).length;
      float[] ones = new float[length];
      Arrays.fill(ones, 1);
      samples.add(
          new PpoSample(sequences.get(i), scores.get(i).logProbs(), values.get(i), ones, ones));
    }
    return samples;
  }
}
