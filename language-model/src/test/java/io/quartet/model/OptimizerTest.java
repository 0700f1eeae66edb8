package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quartet.model.PackedBatch.LastToken;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OptimizerTest {
  private static final Workers WORKERS = TorchRuntime.configure(2);
  private static final PackedBatch BATCH =
      PackedBatch.pack(Tiny.documents(40, 5), 30, LastToken.PREDICTED);

  @TempDir private Path folder;

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void decayShrinksMatricesButNeitherNormsNorTheEmbedding() {
    CausalLm kept = Tiny.model(Precision.FP32, 1);
    CausalLm decayed = Tiny.model(Precision.FP32, 1);

    steps(trainer(kept, AdamW.Options.of(0)), 1);
    steps(trainer(decayed, AdamW.Options.of(0.5)), 1);

    Map<String, List<Float>> without = Tiny.weights(kept);
    Tiny.weights(decayed)
        .forEach(
            (name, weights) -> {
              boolean untouched = name.contains("norm") || name.contains("embed_tokens");
              assertThat(weights.equals(without.get(name))).as(name).isEqualTo(untouched);
            });
  }

  @Test
  void muonsStepIsNearlyOrthogonalWhateverTheGradient() {
    try (var scope = new PointerScope()) {
      for (long[] shape : new long[][] {{24, 40}, {40, 24}, {24, 24}}) {
        Tensor gradient = torch.randn(shape).mul(torch.randn(shape).exp());

        Tensor square = torch.linalg_svdvals(Muon.orthogonal(gradient));

        // Five quintic steps bring singular values near 1, not onto it (Jordan et al. 2024).
        assertThat(square.max().item_float()).isLessThan(1.3f);
        assertThat(square.mean().item_float()).isCloseTo(0.9f, within(0.25f));
      }
    }
  }

  @Test
  void muonLearnsAndGoesOnFromASnapshotBitForBit() {
    AdamW.Options options = AdamW.Options.of(0.1).withMuon(true).withAverage(0.9);
    CausalLm whole = Tiny.model(Precision.FP32, 1);
    Trainer<CausalLm> uninterrupted = trainer(whole, options);
    double first = step(uninterrupted).loss();
    steps(uninterrupted, 19);
    double last = step(uninterrupted).loss();
    uninterrupted.optimizer().swapAverages();

    Trainer<CausalLm> stopped = trainer(Tiny.model(Precision.FP32, 1), options);
    steps(stopped, 9);
    TrainerSnapshot.save(folder, 2, stopped, Map.of());
    CausalLm second = Tiny.model(Precision.FP32, 7);
    Trainer<CausalLm> continued = trainer(second, options);
    TrainerSnapshot.restore(folder, continued);
    steps(continued, 12);
    continued.optimizer().swapAverages();

    assertThat(last).isLessThan(first - 0.5);
    assertThat(Tiny.weights(second)).isEqualTo(Tiny.weights(whole));
  }

  @Test
  void theAverageIsReadInTheWeightsPlaceAndTheWeightsComeBack() {
    CausalLm plain = Tiny.model(Precision.FP32, 1);
    CausalLm model = Tiny.model(Precision.FP32, 1);
    Map<String, List<Float>> before = Tiny.weights(model);
    steps(trainer(plain, AdamW.Options.of(0)), 1);
    Trainer<CausalLm> trainer = trainer(model, AdamW.Options.of(0).withAverage(0.5));

    steps(trainer, 1);

    assertThat(Tiny.weights(model)).isEqualTo(Tiny.weights(plain));
    String norm = "model.norm.weight";
    float start = before.get(norm).get(0);
    float stepped = Tiny.weights(model).get(norm).get(0);
    // The decay of the first step is (1 + 1) / (10 + 1).
    float expected = start * 2 / 11 + stepped * 9 / 11;
    assertThat(trainer.averaged(() -> Tiny.weights(model)).get(norm).get(0))
        .isCloseTo(expected, within(1e-6f));
    assertThat(Tiny.weights(model)).isEqualTo(Tiny.weights(plain));
  }

  private static Trainer<CausalLm> trainer(CausalLm model, AdamW.Options options) {
    return new Trainer<>(
        model,
        new AdamW(model, options),
        LearningRateSchedule.constant(0.01),
        Double.POSITIVE_INFINITY,
        WORKERS);
  }

  private static void steps(Trainer<CausalLm> trainer, int count) {
    for (int i = 0; i < count; i++) {
      step(trainer);
    }
  }

  private static StepMetrics step(Trainer<CausalLm> trainer) {
    var loss = new CrossEntropyLoss(BATCH.targetWeight());
    return trainer.step(BATCH.split(2), loss::of);
  }
}
