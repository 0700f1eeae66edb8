package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A text learned by heart: the loss on other text falls, then rises. */
class BestWeightsTest {
  private static final Workers WORKERS = TorchRuntime.configure(1);
  private static final int STEPS = 60;
  private static final int EVERY = 5;

  @TempDir private Path directory;

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void theBestLooksWeightsAreSaved() {
    for (double average : new double[] {0, 0.6}) {
      Path folder = directory.resolve("average-" + average);
      Trainer<CausalLm> trainer = trainer(average);
      LanguageModelTraining training = training(trainer, folder, BestWeightsTest::heldOut);
      Map<Long, Double> looks = new TreeMap<>();
      training.run(
          STEPS,
          () -> false,
          step ->
              training
                  .validationLoss()
                  .ifPresent(loss -> looks.put(step.step() / EVERY * EVERY, loss)));

      double lowest = looks.values().stream().min(Double::compare).orElseThrow();
      assertThat(training.validationLoss()).hasValue(lowest);
      assertThat(looks.get(training.savedStep())).isEqualTo(lowest);
      assertThat(training.savedStep()).isLessThan(STEPS);
      assertThat(training.measure(heldOut()).mean()).isEqualTo(lowest);
      training.save(folder.resolve("saved.safetensors"));
      CausalLm saved =
          ModelWeights.causalLm(
              Tiny.config(true), Precision.FP32, folder.resolve("saved.safetensors"));
      assertThat(Tiny.weights(saved)).isEqualTo(Tiny.weights(trainer.model()));
    }
  }

  @Test
  void aRunThatWasLeftSavesTheSameBestWeights() throws Exception {
    LanguageModelTraining whole =
        training(trainer(0), directory.resolve("whole"), BestWeightsTest::heldOut);
    whole.run(STEPS, () -> false, step -> {});
    whole.save(directory.resolve("whole.safetensors"));

    Path folder = directory.resolve("left");
    for (int leave : new int[] {12, 31, 52}) {
      LanguageModelTraining part = training(trainer(0), folder, BestWeightsTest::heldOut);
      assertThatThrownBy(
              () ->
                  part.run(
                      STEPS,
                      () -> false,
                      step -> {
                        if (step.step() == leave) {
                          throw new CancellationException();
                        }
                      }))
          .isInstanceOf(CancellationException.class);
    }
    LanguageModelTraining last = training(trainer(0), folder, BestWeightsTest::heldOut);
    last.run(STEPS, () -> false, step -> {});
    last.save(directory.resolve("left.safetensors"));

    assertThat(
            Files.mismatch(
                directory.resolve("left.safetensors"), directory.resolve("whole.safetensors")))
        .isEqualTo(-1);
  }

  @Test
  void aLookThatFailsLeavesTheSnapshotOfItsStep() {
    LanguageModelTraining training =
        training(
            trainer(0),
            directory,
            () -> {
              throw new CancellationException("killed while it measures");
            });

    assertThatThrownBy(() -> training.run(STEPS, () -> false, step -> {}))
        .isInstanceOf(CancellationException.class);

    assertThat(new TrainingLoop(trainer(0), new Snapshots(directory, EVERY, 2)).step())
        .isEqualTo(EVERY);
  }

  private static LanguageModelTraining training(
      Trainer<CausalLm> trainer, Path folder, Supplier<Iterator<TokenSequence>> heldOut) {
    return new LanguageModelTraining(
        trainer,
        WORKERS,
        new LanguageModelTraining.Batches(2, 24, 0),
        epoch -> Tiny.documents(4, 1).iterator(),
        new LanguageModelTraining.Validation(heldOut, true),
        new Snapshots(folder, EVERY, 2));
  }

  private static Iterator<TokenSequence> heldOut() {
    return List.of(TokenSequence.document(Tiny.tokens(60, 8))).iterator();
  }

  private static Trainer<CausalLm> trainer(double average) {
    CausalLm model = Tiny.model(Precision.FP32, 1);
    return new Trainer<>(
        model,
        new AdamW(model, AdamW.Options.of(0).withAverage(average)),
        LearningRateSchedule.constant(0.003),
        1,
        WORKERS);
  }
}
