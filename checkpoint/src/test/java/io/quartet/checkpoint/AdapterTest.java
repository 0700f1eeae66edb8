package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterTest {
  private static final CheckpointId ID = CheckpointId.parse("sft/demo/5");
  private static final LoraConfig LORA = new LoraConfig(2, 6, List.of("q_proj", "down_proj"), 0.1);
  private static final String Q = "model.layers.1.self_attn.q_proj";

  @TempDir Path root;
  private CheckpointStore store;
  private Checkpoint base;

  @BeforeEach
  void publishBase() {
    store = new CheckpointStore(root);
    base = TinyCheckpoints.publish(store, CheckpointId.parse("base/demo/9"), 1);
  }

  @Test
  void adapterIsReadAsItWasWritten() {
    Checkpoint adapter = publish(store, TinyCheckpoints.CONFIG, 0.5f);

    assertThat(adapter.adapter()).contains(Adapter.on(base, LORA));
    assertThat(base.adapter()).isEmpty();
  }

  @Test
  void mergedWeightsAreTheBaseAndTheScaledProduct() {
    Checkpoint adapter = publish(store, TinyCheckpoints.CONFIG, 0.5f);

    try (var merged = Safetensors.open(adapter.weights());
        var frozen = Safetensors.open(base.weights())) {
      merged.requireShapes(adapter.config().tensorShapes());
      for (String name : adapter.config().tensorShapes().keySet()) {
        float[] expected = frozen.floats(name);
        if (LORA.adapts(Adapter.module(name))) {
          for (int i = 0; i < expected.length; i++) {
            expected[i] += 3 * 2 * 0.5f * 0.5f; // alpha / rank, and two products of halves
          }
        }
        assertThat(merged.floats(name)).as(name).containsExactly(expected, TOLERANCE);
      }
    }
  }

  private static final Offset<Float> TOLERANCE = Offset.offset(1e-6f);

  @Test
  void rewardModelsHeadIsTheAdaptersOwn() {
    ModelConfig config =
        TinyCheckpoints.CONFIG.withArchitecture(Architecture.SEQUENCE_CLASSIFICATION);
    Checkpoint adapter = publish(store, config, 0.25f);

    try (var merged = Safetensors.open(adapter.weights())) {
      merged.requireShapes(config.tensorShapes());
      assertThat(merged.floats("score.weight")).containsOnly(0.25f);
    }
    assertThat(adapter.directory().resolve(Adapter.CONFIG))
        .content()
        .contains("\"SEQ_CLS\"", "\"modules_to_save\" : [ \"score\" ]");
  }

  @Test
  void mergedWeightsAreNoPartOfTheCheckpoint() throws IOException {
    Checkpoint adapter = publish(store, TinyCheckpoints.CONFIG, 0.5f);
    Path merged = adapter.weights();
    byte[] first = Files.readAllBytes(merged);
    Files.delete(merged);

    Checkpoint found = store.get(ID);

    assertThat(found.files()).extracting(CheckpointFile::name).doesNotContain(Checkpoint.WEIGHTS);
    assertThat(found.weights()).hasBinaryContent(first);
    store.verify(found);
    store.delete(ID);
    assertThat(merged).doesNotExist();
  }

  @Test
  void mergedCheckpointStandsAlone() {
    Checkpoint adapter = publish(store, TinyCheckpoints.CONFIG, 0.5f);

    Checkpoint whole =
        MergedWeights.publish(store, adapter, CheckpointId.parse("sft/demo-merged/5"));
    Path merged = adapter.weights();
    store.delete(base.id());

    assertThat(whole.adapter()).isEmpty();
    assertThat(whole.weights()).hasSameBinaryContentAs(merged);
    assertThat(whole.training().parent()).contains(ID);
    assertFails(
        () -> MergedWeights.publish(store, whole, CheckpointId.parse("sft/again/5")),
        ErrorCode.INVALID_ARGUMENT,
        "'sft/demo-merged/5' has whole weights, expected an adapter");
  }

  @Test
  void adapterOnAnAdapterMergesBoth() {
    publish(store, TinyCheckpoints.CONFIG, 0.5f);
    Checkpoint second =
        publish(store, CheckpointId.parse("rl/demo/1"), store.get(ID), TinyCheckpoints.CONFIG, 1);

    try (var merged = Safetensors.open(second.weights());
        var frozen = Safetensors.open(base.weights())) {
      float difference = merged.floats(Q + ".weight")[7] - frozen.floats(Q + ".weight")[7];
      assertThat(difference).isCloseTo(1.5f + 6, TOLERANCE);
    }
  }

  @Test
  void adapterWithoutItsBaseIsRefused() {
    Checkpoint adapter = publish(store, TinyCheckpoints.CONFIG, 0.5f);
    store.delete(base.id());

    assertFails(adapter::weights, ErrorCode.NOT_FOUND, "base 'base/demo/9' is not in this store");

    TinyCheckpoints.publish(store, base.id(), 2);
    assertFails(adapter::weights, ErrorCode.FAILED_PRECONDITION, base.digest());
  }

  @Test
  void adapterOfAnotherShapeIsNotPublished() {
    try (PendingCheckpoint pending = store.begin(ID)) {
      write(pending.directory(), Adapter.on(base, LORA), TinyCheckpoints.CONFIG, 1);
      new Adapter(new LoraConfig(2, 6, List.of("q_proj"), 0), base.id(), base.digest())
          .write(pending.directory(), TinyCheckpoints.CONFIG);

      assertFails(
          pending::publish,
          ErrorCode.INVALID_ARGUMENT,
          "down_proj.lora_A.weight': shape [2, 24], expected no such tensor");
    }
  }

  @Test
  void impossibleSettingsAreRefused() {
    assertFails(
        () -> new LoraConfig(0, 1, List.of("q_proj"), 0),
        ErrorCode.INVALID_ARGUMENT,
        "rank 0, expected 1 to 65536");
    assertFails(
        () -> new LoraConfig(1, 1, List.of("embed_tokens"), 0),
        ErrorCode.INVALID_ARGUMENT,
        "target_modules [embed_tokens], expected some of [q_proj");
    assertFails(
        () -> new LoraConfig(1, 1, List.of("q_proj"), 1),
        ErrorCode.INVALID_ARGUMENT,
        "dropout 1.0, expected at least 0 and less than 1");
  }

  private Checkpoint publish(CheckpointStore store, ModelConfig config, float value) {
    return publish(store, ID, base, config, value);
  }

  private static Checkpoint publish(
      CheckpointStore store, CheckpointId id, Checkpoint on, ModelConfig config, float value) {
    try (PendingCheckpoint pending = store.begin(id)) {
      write(pending.directory(), Adapter.on(on, LORA), config, value);
      return pending.publish();
    }
  }

  /** An adapter of which every element is the same. */
  private static void write(Path directory, Adapter adapter, ModelConfig config, float value) {
    config.write(directory);
    new TrainingRecord("", Optional.of(adapter.base()), Map.of()).write(directory);
    adapter.write(directory, config);
    Safetensors.write(
        directory.resolve(Adapter.WEIGHTS),
        adapter.metadata(),
        adapter.tensorShapes(config).entrySet().stream()
            .map(
                tensor -> {
                  float[] values = new float[(int) Safetensors.elements(tensor.getValue())];
                  Arrays.fill(values, value);
                  return TensorSource.of(tensor.getKey(), values, tensor.getValue());
                })
            .toList());
  }
}
