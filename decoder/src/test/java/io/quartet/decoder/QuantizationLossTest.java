package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.model.AdamW;
import io.quartet.model.CausalLm;
import io.quartet.model.CrossEntropyLoss;
import io.quartet.model.LearningRateSchedule;
import io.quartet.model.ModelWeights;
import io.quartet.model.PackedBatch;
import io.quartet.model.TokenSequence;
import io.quartet.model.TorchRuntime;
import io.quartet.model.Trainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a model that has learned what its text is like, since random weights agree on nothing. */
class QuantizationLossTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;
  private static final int LENGTH = 64;

  @TempDir static Path folder;

  @BeforeAll
  static void train() {
    try (var workers = TorchRuntime.configure(2)) {
      var model = new CausalLm(CONFIG, io.quartet.model.Precision.FP32, 1);
      var optimizer = new AdamW(model, AdamW.Options.of(0.01));
      var schedule = LearningRateSchedule.constant(3e-3);
      var trainer = new Trainer<>(model, optimizer, schedule, 1, workers);
      for (int step = 0; step < 200; step++) {
        List<TokenSequence> documents =
            texts(16, step).stream().map(TokenSequence::document).toList();
        var batch = PackedBatch.pack(documents, LENGTH, PackedBatch.LastToken.PREDICTED);
        var loss = new CrossEntropyLoss(batch.targetWeight());
        trainer.step(batch.split(workers.count()), loss::of);
      }
      CONFIG.write(folder);
      ModelWeights.save(model, folder.resolve(Checkpoint.WEIGHTS));
    }
  }

  @Test
  void fullPrecisionLosesNothingAndHasTheReferencesPerplexity() {
    List<int[]> texts = texts(20, 1000);
    QuantizationLoss loss = QuantizationLoss.measure(folder, Precision.FP32, texts, 2);
    double expected = Math.exp(-sum(new ReferenceModel(folder), texts) / loss.tokens());
    assertThat(loss)
        .isEqualTo(
            new QuantizationLoss(
                Precision.FP32, 20 * LENGTH, loss.fullPerplexity(), loss.fullPerplexity(), 1));
    assertThat(loss.fullPerplexity()).isCloseTo(expected, within(1e-4 * expected));
  }

  @Test
  void perplexityIsTheReferencesWithRoundedMatrices() {
    List<int[]> texts = texts(20, 2000);
    for (Precision precision : List.of(Precision.INT8, Precision.INT4)) {
      QuantizationLoss loss = QuantizationLoss.measure(folder, precision, texts, 2);
      double expected =
          Math.exp(-sum(new ReferenceModel(folder, precision), texts) / loss.tokens());
      assertThat(loss.perplexity()).isCloseTo(expected, within(1e-3 * expected));
    }
  }

  @Test
  void fourBitsLoseLittleAndEightNextToNothing() {
    List<int[]> texts = texts(40, 3000);
    QuantizationLoss eight = QuantizationLoss.measure(folder, Precision.INT8, texts, 2);
    QuantizationLoss four = QuantizationLoss.measure(folder, Precision.INT4, texts, 2);
    assertThat(eight.perplexity() / eight.fullPerplexity()).isBetween(0.998, 1.004);
    assertThat(four.perplexity() / four.fullPerplexity()).isBetween(1.004, 1.05);
    assertThat(eight.agreement()).isGreaterThan(0.98);
    assertThat(four.agreement()).isBetween(0.93, eight.agreement());
  }

  @Test
  void textWithoutATokenToPredictIsRefused() {
    assertThatThrownBy(
            () -> QuantizationLoss.measure(folder, Precision.INT8, List.of(new int[] {1}), 1))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessageContaining("no token to predict");
  }

  private static double sum(ReferenceModel model, List<int[]> texts) {
    double sum = 0;
    for (int[] text : texts) {
      double[][] logProbs = model.logProbabilities(text);
      for (int t = 1; t < text.length; t++) {
        sum += logProbs[t - 1][text[t]];
      }
    }
    return sum;
  }

  /** A token is mostly the sum of the two before it, and else anything. */
  private static List<int[]> texts(int count, long seed) {
    var random = new SplittableRandom(seed);
    List<int[]> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] text = random.ints(LENGTH + 1, 6, 26).toArray();
      for (int t = 2; t < text.length; t++) {
        if (random.nextInt(10) < 8) {
          text[t] = 6 + (text[t - 1] + text[t - 2]) % 20;
        }
      }
      texts.add(text);
    }
    return texts;
  }
}
