package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.ModelConfig;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TrainingMemoryTest {
  @ParameterizedTest
  @EnabledOnOs(OS.LINUX)
  @CsvSource({
    "full, BF16, 384, 6, 16, 256",
    "recompute, BF16, 384, 6, 16, 256",
    "lora, BF16, 384, 6, 16, 256",
    "full, FP32, 384, 6, 8, 256",
    "full, BF16, 256, 3, 16, 512",
  })
  void thePlanIsWithinAFifthOfThePeak(
      String how, String precision, int width, int layers, int rows, int length) throws Exception {
    long measured = MeasuredTraining.peak(how, precision, width, layers, rows, length);
    long planned = MeasuredTraining.planned(how, precision, width, layers, rows, length);

    assertThat((double) planned / measured).isBetween(0.8, 1.2);
  }

  /** A block makes some 160 MB of tensors for the 4,096 tokens that two workers read at once. */
  @ParameterizedTest
  @EnabledOnOs(OS.LINUX)
  @EnumSource(Precision.class)
  void readingHoldsWhatOneBlockMakesHoweverManyThereAre(Precision precision) throws Exception {
    long two = MeasuredTraining.peak("score", precision.name(), 384, 2, 16, 256);
    long twelve = MeasuredTraining.peak("score", precision.name(), 384, 12, 16, 256);

    assertThat((twelve - two) / 10).isLessThan(60_000_000);
  }

  @Test
  void everyPartIsThere() {
    ModelConfig config = MeasuredTraining.config(384, 6, 256);
    long parameters = config.parameters();
    var step = TrainingMemory.Step.ofRows(2, 16, 256);

    Map<String, Long> adam = parts(AdamW.Options.of(0), step);
    Map<String, Long> muon = parts(AdamW.Options.of(0).withMuon(true).withAverage(0.9), step);

    assertThat(adam)
        .containsEntry("weights", 4 * parameters)
        .containsEntry("gradients", 8 * parameters)
        .containsEntry("optimizer", 8 * parameters)
        .containsEntry("average", 0L);
    // Muon has one moment for the blocks' matrices: all but the embedding and the norms' gains.
    assertThat(muon)
        .containsEntry("optimizer", 4 * parameters + 4 * (4096 * 384 + 13 * 384))
        .containsEntry("average", 4 * parameters);
    assertThat(
            parts(AdamW.Options.of(0), TrainingMemory.Step.ofRows(2, 32, 256)).get("activations"))
        .isGreaterThan((long) (1.8 * adam.get("activations")));
  }

  private static Map<String, Long> parts(AdamW.Options options, TrainingMemory.Step step) {
    return TrainingMemory.of(
        MeasuredTraining.config(384, 6, 256),
        Precision.BF16,
        Optional.empty(),
        options,
        false,
        true,
        step);
  }
}
