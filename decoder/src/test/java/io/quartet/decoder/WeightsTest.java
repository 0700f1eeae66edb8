package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;

  @TempDir Path folder;

  @Test
  void truncatedFileIsRefused() throws IOException {
    TestModel.write(folder, CONFIG, 1);
    Path weights = folder.resolve(Checkpoint.WEIGHTS);
    long whole = Files.size(weights);
    try (var channel = FileChannel.open(weights, StandardOpenOption.WRITE)) {
      channel.truncate(whole - 100);
    }
    assertRefused(ErrorCode.DATA_LOSS)
        .hasMessageContaining(Long.toString(whole))
        .hasMessageContaining(Long.toString(whole - 100));
  }

  @Test
  void tensorOfAnotherShapeIsRefusedWithItsName() {
    TestModel.write(folder, CONFIG, 2);
    TestModel.vocabulary(CONFIG, 96).write(folder);
    assertRefused(ErrorCode.INVALID_ARGUMENT)
        .hasMessageContaining(
            "tensor 'model.embed_tokens.weight': shape [97, 48], expected shape [96, 48]");
  }

  @Test
  void missingTensorIsRefusedWithItsName() {
    TestModel.write(folder, CONFIG, 3);
    TestModel.untied(CONFIG, CONFIG.keyValueHeads()).write(folder);
    assertRefused(ErrorCode.INVALID_ARGUMENT)
        .hasMessageContaining("tensor 'lm_head.weight': missing, expected shape [97, 48]");
  }

  @Test
  void missingFileIsRefused() {
    CONFIG.write(folder);
    assertRefused(ErrorCode.NOT_FOUND).hasMessageContaining(Checkpoint.WEIGHTS);
  }

  @Test
  void rewardModelDoesNotGenerate() {
    TestModel.write(folder, CONFIG.withArchitecture(Architecture.SEQUENCE_CLASSIFICATION), 4);
    assertRefused(ErrorCode.FAILED_PRECONDITION).hasMessageContaining("expected CAUSAL_LM");
  }

  @Test
  void weightsBehindASymbolicLinkAreRead() throws IOException {
    Path original = TestModel.write(folder.resolve("blobs"), CONFIG, 5);
    Path snapshot = Files.createDirectories(folder.resolve("snapshot"));
    CONFIG.write(snapshot);
    Files.createSymbolicLink(
        snapshot.resolve(Checkpoint.WEIGHTS), original.resolve(Checkpoint.WEIGHTS));
    try (var engine = DecoderEngine.open(snapshot, new DecoderOptions(1, 1))) {
      assertThat(engine.generate(List.of(new int[] {1}), List.of(SamplingParams.greedy(1))))
          .hasSize(1);
    }
  }

  private AbstractThrowableAssert<?, ? extends Throwable> assertRefused(ErrorCode code) {
    return assertThatThrownBy(() -> DecoderEngine.open(folder, new DecoderOptions(1, 1)))
        .isInstanceOfSatisfying(
            QuartetException.class, refusal -> assertThat(refusal.code()).isEqualTo(code))
        .hasMessageNotContaining("\n");
  }
}
