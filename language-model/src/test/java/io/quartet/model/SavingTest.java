package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SavingTest {
  private static final Workers WORKERS = TorchRuntime.configure(2);

  @TempDir private Path directory;

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void savingWhatWasLoadedGivesTheSameBytes() throws IOException {
    for (boolean tied : new boolean[] {true, false}) {
      Path first = directory.resolve("first.safetensors");
      Path second = directory.resolve("second.safetensors");
      var model = new CausalLm(Tiny.config(tied), Precision.BF16, 1);

      ModelWeights.save(model, first);
      CausalLm loaded = ModelWeights.causalLm(Tiny.config(tied), Precision.BF16, first);
      ModelWeights.save(loaded, second);

      assertThat(Files.mismatch(first, second)).isEqualTo(-1);
      assertThat(Tiny.weights(loaded)).isEqualTo(Tiny.weights(model));
      try (var file = Safetensors.open(first)) {
        file.requireShapes(Tiny.config(tied).tensorShapes());
        assertThat(file.metadata()).isEqualTo(Map.of("format", "pt"));
      }
    }
  }

  @Test
  void rewardModelBeginsAsTheLanguageModelsTrunk() {
    for (boolean tied : new boolean[] {true, false}) {
      Path file = directory.resolve("model.safetensors");
      var model = new CausalLm(Tiny.config(tied), Precision.FP32, 1);
      ModelWeights.save(model, file);

      RewardModel reward =
          ModelWeights.rewardModelFromTrunk(Tiny.config(tied), Precision.FP32, file, 2);

      var weights = Tiny.weights(reward);
      assertThat(weights.remove("score.weight")).isNotNull();
      var trunk = Tiny.weights(model);
      trunk.remove("lm_head.weight");
      assertThat(weights).isEqualTo(trunk);
    }
  }

  @Test
  void weightsOfAnotherModelAreRefused() {
    Path file = directory.resolve("model.safetensors");
    ModelWeights.save(LossGradientTest.reward(1), file);

    assertThatThrownBy(() -> ModelWeights.causalLm(Tiny.config(true), Precision.FP32, file))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessageContaining("score.weight");
  }

  @Test
  void resumedRunMatchesUninterruptedRun() {
    for (Precision precision : Precision.values()) {
      Trainer<CausalLm> uninterrupted = trainer(precision, 1);
      train(uninterrupted, sampler(), 12);

      Trainer<CausalLm> first = trainer(precision, 1);
      BatchSampler firstData = sampler();
      train(first, firstData, 7);
      var cursor = Map.of("batches", Long.toString(firstData.drawn()));
      TrainerSnapshot.save(directory, 2, first, cursor);
      train(first, firstData, 2); // lost

      Trainer<CausalLm> second = trainer(precision, 99);
      Map<String, String> found = TrainerSnapshot.restore(directory, second).orElseThrow();
      BatchSampler secondData = sampler().skipTo(Long.parseLong(found.get("batches")));
      train(second, secondData, 5);

      assertThat(found).isEqualTo(cursor);
      assertThat(Tiny.weights(second.model())).isEqualTo(Tiny.weights(uninterrupted.model()));
      assertThat(second.optimizer().step()).isEqualTo(12);
    }
  }

  @Test
  void withoutASnapshotThereIsNothingToRestore() {
    assertThat(TrainerSnapshot.restore(directory, trainer(Precision.FP32, 1))).isEmpty();
  }

  @Test
  void aDamagedSnapshotGivesWayToTheOneBefore() throws IOException {
    Trainer<CausalLm> trainer = trainer(Precision.FP32, 1);
    BatchSampler data = sampler();
    train(trainer, data, 2);
    TrainerSnapshot.save(directory, 2, trainer, Map.of("at", "2"));
    Map<String, List<Float>> early = Tiny.weights(trainer.model());
    for (Damage damage : Damage.values()) {
      train(trainer, data, 2);
      TrainerSnapshot.save(directory, 2, trainer, Map.of("at", "later"));
      damage.on(new SnapshotFiles(directory).newestWhole().orElseThrow());
      Trainer<CausalLm> restored = trainer(Precision.FP32, 9);

      assertThat(TrainerSnapshot.restore(directory, restored)).contains(Map.of("at", "2"));
      assertThat(Tiny.weights(restored.model())).isEqualTo(early);

      // The attempt that goes on from there takes the damaged one's place.
      TrainerSnapshot.save(directory, 2, restored, Map.of("at", "2"));
      assertThat(snapshots()).hasSize(1);
      trainer = restored;
    }
  }

  private enum Damage {
    TRUNCATED {
      @Override
      byte[] of(byte[] bytes) {
        return Arrays.copyOf(bytes, bytes.length - 100);
      }
    },
    ONE_BIT {
      @Override
      byte[] of(byte[] bytes) {
        bytes[bytes.length / 2] ^= 1;
        return bytes;
      }
    };

    abstract byte[] of(byte[] bytes);

    void on(Path file) throws IOException {
      Files.write(file, of(Files.readAllBytes(file)));
    }
  }

  @Test
  void whereEverySnapshotIsDamagedNothingBeginsAnewUnasked() throws IOException {
    TrainerSnapshot.save(directory, 2, trainer(Precision.FP32, 1), Map.of());
    Damage.TRUNCATED.on(new SnapshotFiles(directory).newestWhole().orElseThrow());

    assertThatThrownBy(() -> TrainerSnapshot.restore(directory, trainer(Precision.FP32, 1)))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_LOSS))
        .hasMessageContaining("is damaged")
        .hasMessageContaining("delete it to begin anew");
  }

  @Test
  void theNewestSnapshotsAreKept() throws IOException {
    Trainer<CausalLm> trainer = trainer(Precision.FP32, 1);
    BatchSampler data = sampler();
    for (int i = 1; i <= 5; i++) {
      train(trainer, data, 1);
      TrainerSnapshot.save(directory, 3, trainer, Map.of());
    }

    assertThat(snapshots())
        .extracting(file -> file.substring(0, 18))
        .containsExactly("trainer-0000000003", "trainer-0000000004", "trainer-0000000005");
  }

  private List<String> snapshots() throws IOException {
    try (var files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("trainer"))
          .sorted()
          .toList();
    }
  }

  @Test
  void failedSnapshotKeepsThePreviousOne() throws IOException {
    Trainer<CausalLm> trainer = trainer(Precision.FP32, 1);
    TrainerSnapshot.save(directory, 1, trainer, Map.of("at", "first"));
    Files.createDirectory(directory.resolve("trainer.safetensors.tmp")); // in the way

    assertThatThrownBy(() -> TrainerSnapshot.save(directory, 1, trainer, Map.of("at", "second")))
        .isInstanceOf(QuartetException.class);
    assertThat(TrainerSnapshot.restore(directory, trainer)).contains(Map.of("at", "first"));
  }

  private static Trainer<CausalLm> trainer(Precision precision, long seed) {
    CausalLm model = Tiny.model(precision, seed);
    return new Trainer<>(
        model,
        new AdamW(model, AdamW.Options.of(0.05)),
        LearningRateSchedule.cosine(1e-2, 3, 12, 0.1),
        1,
        WORKERS);
  }

  private static BatchSampler sampler() {
    return new BatchSampler(epoch -> Tiny.documents(12, epoch).iterator(), 4, 32);
  }

  private static void train(Trainer<CausalLm> trainer, BatchSampler sampler, int steps) {
    for (int i = 0; i < steps; i++) {
      PackedBatch batch = sampler.next();
      List<PackedBatch> parts = batch.split(2);
      double targets = batch.targetWeight();
      trainer.step(parts, (model, part) -> new CrossEntropyLoss(targets).of(model, part));
    }
  }
}
