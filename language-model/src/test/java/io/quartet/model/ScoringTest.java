package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quartet.model.PackedBatch.LastToken;
import io.quartet.model.PairwiseRewardLoss.Pair;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class ScoringTest {
  private static final Workers WORKERS = TorchRuntime.configure(2);

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void rewardDoesNotDependOnItsBatch() {
    RewardModel model = LossGradientTest.reward(1);
    List<TokenSequence> sequences = Tiny.documents(300, 2);

    float[] together = model.score(sequences, WORKERS);

    assertThat(together).hasSize(300);
    for (int i = 0; i < 300; i += 13) {
      assertThat(model.score(List.of(sequences.get(i)), WORKERS))
          .containsExactly(new float[] {together[i]}, within(1e-5f));
    }
  }

  @Test
  void logProbsAreThoseOfTheLogits() {
    CausalLm model = Tiny.model(Precision.FP32, 1);
    var sequences =
        List.of(
            TokenSequence.document(Tiny.tokens(9, 1)),
            TokenSequence.answer(Tiny.tokens(3, 2), Tiny.tokens(6, 3)));

    List<LogProbs> scores = LogProbs.of(model, sequences, WORKERS);

    assertThat(scores).extracting(s -> s.logProbs().length).containsExactly(8, 6);
    for (int s = 0; s < sequences.size(); s++) {
      assertThat(scores.get(s).logProbs())
          .containsExactly(reference(model, sequences.get(s)), within(1e-5f));
      for (float entropy : scores.get(s).entropies()) {
        assertThat(entropy).isBetween(0f, (float) Math.log(Tiny.VOCABULARY));
      }
    }
  }

  @Test
  void lossIsMinusTheMeanLogProb() {
    CausalLm model = Tiny.model(Precision.FP32, 1);
    List<TokenSequence> sequences = Tiny.documents(20, 3);
    double sum = 0;
    for (LogProbs scores : LogProbs.of(model, sequences, WORKERS)) {
      for (float logProb : scores.logProbs()) {
        sum += logProb;
      }
    }

    PackedBatch batch = PackedBatch.pack(sequences, 40, LastToken.PREDICTED);
    try (var scope = new PointerScope()) {
      double loss = new CrossEntropyLoss(batch.targetWeight()).of(model, batch).value();

      assertThat(loss).isCloseTo(-sum / batch.targetWeight(), within(1e-5));
    }
  }

  @Test
  void trunkOfARewardModelIsThatOfTheLanguageModel() {
    var trunk = Tiny.weights(Tiny.model(Precision.FP32, 4));

    var weights = Tiny.weights(LossGradientTest.reward(4));

    assertThat(weights.remove("score.weight")).hasSize(24);
    assertThat(weights).isEqualTo(trunk);
  }

  @Test
  void rewardModelLearnsToRank() {
    RewardModel model = LossGradientTest.reward(1);
    var trainer =
        new Trainer<>(
            model,
            new AdamW(model, AdamW.Options.of(0.1)),
            LearningRateSchedule.constant(3e-3),
            1,
            WORKERS);
    var sequences = Tiny.documents(8, 5);
    var pairs = new ArrayList<Pair>();
    for (int i = 0; i < 8; i += 2) {
      pairs.add(Pair.of(i, i + 1));
    }
    PackedBatch batch = PackedBatch.pack(sequences, 40, LastToken.READ);
    var loss = new PairwiseRewardLoss(0.005, 4, 8);

    StepMetrics last = null;
    for (int i = 0; i < 30; i++) {
      last = trainer.step(List.of(batch), (m, part) -> loss.of(m, part, pairs));
    }

    assertThat(last.figures().get("accuracy")).isEqualTo(1);
    float[] rewards = model.score(sequences, WORKERS);
    for (Pair pair : pairs) {
      assertThat(rewards[pair.better()]).isGreaterThan(rewards[pair.worse()]);
    }
  }

  @Test
  void fasterMachinesOnlyRaiseTheRoof() {
    assertThat(GemmRoof.measure(Precision.FP32, WORKERS)).isGreaterThan(1);
  }

  private static float[] reference(CausalLm model, TokenSequence sequence) {
    try (var scope = new PointerScope()) {
      PackedBatch batch = PackedBatch.pack(List.of(sequence), 40, LastToken.PREDICTED);
      Tensor logProbs = model.logits(batch).log_softmax(-1);
      var values = new ArrayList<Float>();
      for (long row : batch.targetRows()) {
        values.add(logProbs.select(0, row).select(0, batch.target(row)).item_float());
      }
      float[] array = new float[values.size()];
      for (int i = 0; i < array.length; i++) {
        array[i] = values.get(i);
      }
      return array;
    }
  }
}
