package io.quartet.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.recipe.Recipe;
import io.quartet.service.StageTrial;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a stage does when its disk takes no more: real disks, and what is on them afterwards. */
class UnwritableStoreTest {
  private static final Recipe TINY =
      Recipe.parse(
          Recipe.committedYaml("tiny")
              .replace("steps: 150", "steps: 30")
              .replace("snapshot_every: 40", "snapshot_every: 10"));

  @TempDir private Path folder;

  @Test
  void aFullDiskFailsTheStageWithItsCauseAndKeepsTheLastSnapshot() throws Exception {
    try (var mounts = new Mounts()) {
      Path home = mounts.smallDisk(folder.resolve("disk"), 16);
      Path filler = home.resolve("filler");

      assertThatThrownBy(
              () ->
                  new StageTrial(home)
                      .when(13, () -> fill(filler))
                      .train(new BaseStage(), "r", TINY))
          .isInstanceOfSatisfying(
              QuartetException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED))
          .hasMessageContaining("trainer.safetensors")
          .hasMessageContaining("No space left on device");

      Files.delete(filler);
      goesOnFromItsSnapshot(home);
    }
  }

  @Test
  void aDiskThatRefusesWritesFailsTheStageWithItsCauseAndKeepsTheLastSnapshot() throws Exception {
    Path home = folder.resolve("home");
    try (var mounts = new Mounts()) {
      var trial = new StageTrial(home);
      Path snapshots = trial.store().scratch(Stage.BASE, "r");

      assertThatThrownBy(
              () ->
                  trial
                      .when(13, () -> mounts.refuseWrites(snapshots))
                      .train(new BaseStage(), "r", TINY))
          .isInstanceOfSatisfying(
              QuartetException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED_PRECONDITION))
          .hasMessageContaining("trainer.safetensors")
          .hasMessageContaining("Read-only file system");
    }
    goesOnFromItsSnapshot(home);
  }

  private static void goesOnFromItsSnapshot(Path home) throws InterruptedException {
    var trial = new StageTrial(home);
    Checkpoint base = trial.train(new BaseStage(), "r", TINY);

    assertThat(base.id()).hasToString("base/r/30");
    assertThat(trial.reported().stream().filter(r -> r.phase().equals("training")).findFirst())
        .hasValueSatisfying(first -> assertThat(first.step()).isEqualTo(11));
  }

  private static void fill(Path file) {
    try (OutputStream out = Files.newOutputStream(file)) {
      byte[] block = new byte[4096];
      while (true) {
        out.write(block);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left");
    }
  }
}
