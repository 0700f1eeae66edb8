package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLoopTest {
  private static final Workers WORKERS = TorchRuntime.configure(1);

  @TempDir private Path directory;

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void aLoopThatWasLeftEndsAsOneThatWasNot() {
    Trainer<CausalLm> whole = trainer();
    var uninterrupted = new TrainingLoop(whole, new Snapshots(directory.resolve("whole"), 4, 2));
    run(uninterrupted, whole, 0);

    Trainer<CausalLm> before = trainer();
    var left = new TrainingLoop(before, new Snapshots(directory.resolve("left"), 4, 2));
    assertThatThrownBy(() -> run(left, before, 7)).isInstanceOf(CancellationException.class);
    Trainer<CausalLm> after = trainer();
    var continued = new TrainingLoop(after, new Snapshots(directory.resolve("left"), 4, 2));
    assertThat(continued.step()).isEqualTo(4);
    run(continued, after, 0);

    assertThat(Tiny.weights(after.model())).isEqualTo(Tiny.weights(whole.model()));
    assertThat(continued.curve()).isEqualTo(uninterrupted.curve());
    assertThat(continued.tokens()).isEqualTo(uninterrupted.tokens());
    assertThat(continued.flops()).isEqualTo(uninterrupted.flops());
  }

  @Test
  void aSnapshotCanBeAskedForAtAnyStep() {
    Trainer<CausalLm> trainer = trainer();
    var loop = new TrainingLoop(trainer, new Snapshots(directory, 100, 2));
    BatchSampler data = data();
    assertThatThrownBy(
            () ->
                loop.run(
                    12,
                    () -> step(trainer, data),
                    () -> loop.step() == 3,
                    metrics -> {
                      if (metrics.step() == 3) {
                        throw new CancellationException();
                      }
                    }))
        .isInstanceOf(CancellationException.class);

    assertThat(new TrainingLoop(trainer(), new Snapshots(directory, 100, 2)).step()).isEqualTo(3);
  }

  @Test
  void aLongCurveIsThinnedAndKeepsItsMean() {
    Trainer<CausalLm> trainer = trainer();
    var loop = new TrainingLoop(trainer, new Snapshots(directory, 1000, 2));
    BatchSampler data = data();
    List<Double> losses = new ArrayList<>();
    loop.run(300, () -> step(trainer, data), () -> false, metrics -> losses.add(metrics.loss()));

    assertThat(loop.curve()).hasSize(150);
    assertThat(loop.curve().get(149).step()).isEqualTo(300);
    assertThat(loop.curve().stream().mapToDouble(TrainingLoop.Point::loss).average().orElseThrow())
        .isCloseTo(
            losses.stream().mapToDouble(Double::doubleValue).average().orElseThrow(),
            org.assertj.core.data.Offset.offset(1e-9));
  }

  @Test
  void aMeasuredLossDoesNotDependOnHowItIsPacked() {
    List<TokenSequence> documents = Tiny.documents(9, 5);

    var narrow = training(2, 24).measure(documents.iterator());
    var wide = training(5, 60).measure(documents.iterator());

    assertThat(narrow.targets())
        .isEqualTo(wide.targets())
        .isEqualTo(documents.stream().mapToInt(TokenSequence::targets).sum());
    assertThat(narrow.mean()).isCloseTo(wide.mean(), org.assertj.core.data.Offset.offset(1e-4));
  }

  private LanguageModelTraining training(int rows, int length) {
    return new LanguageModelTraining(
        trainer(),
        WORKERS,
        new LanguageModelTraining.Batches(rows, length, 0),
        epoch -> Tiny.documents(9, epoch).iterator(),
        new LanguageModelTraining.Validation(() -> Tiny.documents(5, 77).iterator(), false),
        new Snapshots(directory, 100, 2));
  }

  private static void run(TrainingLoop loop, Trainer<CausalLm> trainer, long leaveAfter) {
    BatchSampler data = data().skipTo(loop.step());
    loop.run(
        12,
        () -> step(trainer, data),
        () -> false,
        metrics -> {
          if (metrics.step() == leaveAfter) {
            throw new CancellationException();
          }
        });
  }

  private static StepMetrics step(Trainer<CausalLm> trainer, BatchSampler data) {
    PackedBatch batch = data.next();
    var loss = new CrossEntropyLoss(batch.targetWeight());
    return trainer.step(List.of(batch), loss::of);
  }

  private static BatchSampler data() {
    return new BatchSampler(epoch -> Tiny.documents(9, epoch).iterator(), 2, 24);
  }

  private static Trainer<CausalLm> trainer() {
    CausalLm model = Tiny.model(Precision.FP32, 1);
    return new Trainer<>(
        model,
        new AdamW(model, AdamW.Options.of(0.05)),
        LearningRateSchedule.linear(0.01, 2, 12, 0.1),
        1,
        WORKERS);
  }
}
