package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.model.PackedBatch.LastToken;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class TrainerTest {
  private static final Workers WORKERS = TorchRuntime.configure(2);

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void learnsWhatItReads() {
    CausalLm model = Tiny.model(Precision.FP32, 1);
    Trainer<CausalLm> trainer = trainer(model);
    BatchSampler sampler = sampler();

    var losses = new ArrayList<Double>();
    trainer.onStep(metrics -> losses.add(metrics.loss()));
    for (int i = 0; i < 150; i++) {
      step(trainer, sampler.next());
    }

    assertThat(losses.get(0)).isGreaterThan(3);
    assertThat(losses.get(149)).isLessThan(1);
  }

  @Test
  void sameSeedGivesTheSameWeights() {
    for (Precision precision : Precision.values()) {
      CausalLm first = Tiny.model(precision, 1);
      CausalLm second = Tiny.model(precision, 1);

      train(trainer(first), sampler(), 5);
      train(trainer(second), sampler(), 5);

      assertThat(Tiny.weights(first)).isEqualTo(Tiny.weights(second));
      assertThat(Tiny.weights(first)).isNotEqualTo(Tiny.weights(Tiny.model(precision, 2)));
    }
  }

  @Test
  void accumulationEqualsTheLargeBatch() {
    PackedBatch batch = PackedBatch.pack(Tiny.documents(40, 5), 30, LastToken.PREDICTED);
    CausalLm whole = Tiny.model(Precision.FP32, 1);
    CausalLm pieces = Tiny.model(Precision.FP32, 1);

    StepMetrics one = step(trainer(whole), batch.split(1), batch.targetWeight());
    StepMetrics eight = step(trainer(pieces), batch.split(8), batch.targetWeight());

    assertThat(eight.loss()).isCloseTo(one.loss(), within(1e-5));
    assertThat(eight.gradientNorm()).isCloseTo(one.gradientNorm(), within(1e-5));
    assertThat(eight.tokens()).isEqualTo(one.tokens()).isEqualTo(batch.realTokens());
    assertThat(eight.flops()).isCloseTo(one.flops(), within(one.flops() * 1e-9));
    assertThat(Tiny.distance(Tiny.gradients(whole), Tiny.gradients(pieces))).isLessThan(1e-6);
  }

  @Test
  void clippingBoundsTheStep() {
    PackedBatch batch = PackedBatch.pack(Tiny.documents(10, 5), 30, LastToken.PREDICTED);
    CausalLm free = Tiny.model(Precision.FP32, 1);
    CausalLm clipped = Tiny.model(Precision.FP32, 1);
    var schedule = LearningRateSchedule.constant(1e-3);
    var options = AdamW.Options.of(0);

    var metrics =
        step(new Trainer<>(free, new AdamW(free, options), schedule, 1e9, WORKERS), batch);
    var optimizer = new AdamW(clipped, options);
    step(new Trainer<>(clipped, optimizer, schedule, metrics.gradientNorm() / 4, WORKERS), batch);

    float mean = Tensors.floats(optimizer.slots().get("model.norm.weight").mean())[0];
    float gradient = Tiny.gradients(free).get("model.norm.weight").get(0);
    assertThat(mean).isCloseTo(0.1f * gradient / 4, within(Math.abs(gradient) * 1e-4f));
  }

  @Test
  void lossThatIsNotFiniteStopsTheRunAndKeepsTheWeights() {
    CausalLm model = Tiny.model(Precision.FP32, 1);
    var before = Tiny.weights(model);
    PackedBatch batch = PackedBatch.pack(Tiny.documents(4, 5), 30, LastToken.PREDICTED);

    assertThatThrownBy(() -> step(trainer(model), batch.split(1), 0))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL))
        .hasMessageContaining("step 1: loss is");
    assertThat(Tiny.weights(model)).isEqualTo(before);
  }

  private static Trainer<CausalLm> trainer(CausalLm model) {
    return new Trainer<>(
        model,
        new AdamW(model, AdamW.Options.of(0.05)),
        LearningRateSchedule.linear(1e-2, 10, 200, 0.03),
        1,
        WORKERS);
  }

  private static BatchSampler sampler() {
    return new BatchSampler(epoch -> Tiny.documents(12, 9).iterator(), 4, 32);
  }

  private static void train(Trainer<CausalLm> trainer, BatchSampler sampler, int steps) {
    for (int i = 0; i < steps; i++) {
      step(trainer, sampler.next());
    }
  }

  private static StepMetrics step(Trainer<CausalLm> trainer, PackedBatch batch) {
    return step(trainer, batch.split(2), batch.targetWeight());
  }

  private static StepMetrics step(
      Trainer<CausalLm> trainer, List<PackedBatch> parts, double targets) {
    return trainer.step(parts, (model, part) -> new CrossEntropyLoss(targets).of(model, part));
  }
}
