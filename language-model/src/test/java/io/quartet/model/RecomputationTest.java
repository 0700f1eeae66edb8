package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training every weight with and without keeping what the blocks compute. */
class RecomputationTest {
  private static final Workers WORKERS = TorchRuntime.configure(1);

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @ParameterizedTest
  @CsvSource({"FP32, true, 0", "FP32, false, 0.2", "BF16, true, 0.2", "BF16, false, 0"})
  void weightsLossesAndNormsAreBitIdentical(Precision precision, boolean tied, double dropout) {
    List<Double> keptLosses = new ArrayList<>();
    List<Double> losses = new ArrayList<>();

    Map<String, List<Float>> kept =
        train(precision, tied, new PassOptions(dropout, false), keptLosses);
    Map<String, List<Float>> recomputed =
        train(precision, tied, new PassOptions(dropout, true), losses);

    assertThat(losses).isEqualTo(keptLosses);
    assertThat(recomputed).isEqualTo(kept);
  }

  /** Some steps of two parts by one worker; a loss and a gradient norm for each step. */
  private static Map<String, List<Float>> train(
      Precision precision, boolean tied, PassOptions options, List<Double> figures) {
    var model = new CausalLm(Tiny.config(tied), precision, 1);
    var trainer =
        new Trainer<>(
                model,
                new AdamW(model, AdamW.Options.of(0.05)),
                LearningRateSchedule.constant(0.01),
                1,
                WORKERS)
            .passing(options);
    var data = new BatchSampler(epoch -> Tiny.documents(9, epoch).iterator(), 4, 24);
    for (int i = 0; i < 4; i++) {
      PackedBatch batch = data.next();
      StepMetrics step =
          trainer.step(batch.split(2), new CrossEntropyLoss(batch.targetWeight())::of);
      figures.add(step.loss());
      figures.add(step.gradientNorm());
    }
    return Tiny.weights(model);
  }
}
