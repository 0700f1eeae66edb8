package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.assertj.core.data.Offset;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class DropoutTest {
  private static final Workers WORKERS = TorchRuntime.configure(1);

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void theShareIsDroppedAndTheMeanStays() {
    try (var scope = new PointerScope()) {
      Tensor ones = torch.ones(200, 100);

      float[] dropped = Tensors.floats(new Dropout(0.25, OptionalLong.of(3)).apply(ones, "a"));

      int zeros = 0;
      for (float value : dropped) {
        zeros += value == 0 ? 1 : 0;
        assertThat(value).isIn(0f, 1 / 0.75f);
      }
      assertThat(zeros / 20_000.0).isCloseTo(0.25, Offset.offset(0.012)); // four deviations
    }
  }

  @Test
  void whatIsDroppedFollowsFromSeedAndPlaceAlone() {
    try (var scope = new PointerScope()) {
      Tensor ones = torch.ones(16, 16);
      var dropout = new Dropout(0.5, OptionalLong.of(3));
      List<Float> first = Tiny.list(Tensors.floats(dropout.apply(ones, "a")));

      assertThat(Tiny.list(Tensors.floats(dropout.apply(ones, "a")))).isEqualTo(first);
      assertThat(Tiny.list(Tensors.floats(dropout.apply(ones, "b")))).isNotEqualTo(first);
      assertThat(Tiny.list(Tensors.floats(new Dropout(0.5, OptionalLong.of(4)).apply(ones, "a"))))
          .isNotEqualTo(first);
    }
  }

  @Test
  void aStepDropsByItsNumberAndEvaluationDropsNothing() {
    Map<String, List<Float>> once = afterSteps(0.3);

    assertThat(afterSteps(0.3)).isEqualTo(once);
    assertThat(afterSteps(0)).isNotEqualTo(once);

    Trainer<CausalLm> trainer = trainer(0.3);
    PackedBatch batch = batch();
    var loss = new CrossEntropyLoss(batch.targetWeight());
    double measured = trainer.evaluate(List.of(batch), loss::of);
    assertThat(measured).isEqualTo(trainer(0).evaluate(List.of(batch), loss::of));
    assertThat(trainer.step(List.of(batch), loss::of).loss()).isNotEqualTo(measured);
  }

  @Test
  void aShareOfOneIsRefused() {
    assertThatThrownBy(() -> new PassOptions(1, false)).hasMessageContaining("dropout: got 1.0");
  }

  private static Map<String, List<Float>> afterSteps(double dropout) {
    Trainer<CausalLm> trainer = trainer(dropout);
    PackedBatch batch = batch();
    for (int i = 0; i < 3; i++) {
      trainer.step(List.of(batch), new CrossEntropyLoss(batch.targetWeight())::of);
    }
    return Tiny.weights(trainer.model());
  }

  private static PackedBatch batch() {
    return PackedBatch.pack(Tiny.documents(4, 5), 24, PackedBatch.LastToken.PREDICTED);
  }

  private static Trainer<CausalLm> trainer(double dropout) {
    CausalLm model = Tiny.model(Precision.FP32, 1);
    return new Trainer<>(
            model,
            new AdamW(model, AdamW.Options.of(0.05)),
            LearningRateSchedule.constant(0.01),
            1,
            WORKERS)
        .passing(new PassOptions(dropout, false));
  }
}
