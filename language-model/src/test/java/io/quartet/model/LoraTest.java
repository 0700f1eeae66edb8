package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.model.PackedBatch.LastToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraTest {
  private static final Workers WORKERS = TorchRuntime.configure(2);
  private static final LoraConfig ALL = new LoraConfig(4, 8, LoraConfig.PROJECTIONS, 0.1);

  @TempDir private Path root;
  private CheckpointStore store;
  private Checkpoint base;

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @BeforeEach
  void publishBase() {
    store = new CheckpointStore(root);
    try (var pending = store.begin(CheckpointId.parse("base/tiny/1"))) {
      CausalLm model = Tiny.model(Precision.FP32, 1);
      model.config().write(pending.directory());
      ModelWeights.save(model, pending.directory().resolve(Checkpoint.WEIGHTS));
      new TrainingRecord("", Optional.empty(), Map.of()).write(pending.directory());
      base = pending.publish();
    }
  }

  @Test
  void freshAdapterLeavesEveryLogitAsItWas() {
    for (Precision precision : Precision.values()) {
      CausalLm whole = ModelWeights.causalLm(base.config(), precision, base.weights());

      assertThat(logits(adapted(precision, ALL))).isEqualTo(logits(whole));
    }
  }

  @Test
  void adapterOffIsTheBaseBitForBit() {
    for (Precision precision : Precision.values()) {
      CausalLm whole = ModelWeights.causalLm(base.config(), precision, base.weights());
      CausalLm model = adapted(precision, ALL);
      CausalLm off = model.withoutAdapters();

      train(trainer(model), 8);

      assertThat(logits(off)).isEqualTo(logits(whole)).isNotEqualTo(logits(model));
      assertThat(Tiny.weights(model)).isEqualTo(Tiny.weights(whole));
      assertThat(off.weights().get("model.norm.weight").data_ptr().address())
          .isEqualTo(model.weights().get("model.norm.weight").data_ptr().address());
    }
  }

  @Test
  void mergedGivesTheLogitsOfUnmerged() {
    for (List<String> targets :
        List.of(LoraConfig.PROJECTIONS, List.of("q_proj", "v_proj"), List.of("down_proj"))) {
      CausalLm model = adapted(Precision.FP32, new LoraConfig(3, 12, targets, 0));
      train(trainer(model), 20);
      Checkpoint adapter = publish(model, "sft/tiny/" + targets.size());

      CausalLm merged = ModelWeights.causalLm(adapter.config(), Precision.FP32, adapter.weights());

      assertThat(distance(logits(merged), logits(model))).isLessThan(1e-5);
      assertThat(distance(logits(merged), logits(model.withoutAdapters()))).isGreaterThan(0.1);
    }
  }

  @Test
  void onlyAdaptersAreTrainedKeptAndSaved() {
    CausalLm model = adapted(Precision.FP32, new LoraConfig(4, 8, List.of("q_proj"), 0));
    Trainer<CausalLm> trainer = trainer(model);
    train(trainer, 2);
    Path snapshots = root.resolve("snapshots");
    TrainerSnapshot.save(snapshots, 2, trainer, Map.of());

    String q = "model.layers.%d.self_attn.q_proj.lora_%s.weight";
    List<String> names =
        List.of(q.formatted(0, "A"), q.formatted(0, "B"), q.formatted(1, "A"), q.formatted(1, "B"));
    assertThat(trainer.optimizer().slots().keySet()).containsExactlyElementsOf(names);
    assertThat(Tiny.gradients(model)).isEmpty(); // those of the frozen weights
    try (var snapshot =
        Safetensors.open(new SnapshotFiles(snapshots).newestWhole().orElseThrow())) {
      assertThat(snapshot.names()).hasSize(3 * names.size() + 1).containsAll(names);
    }
    try (var saved = Safetensors.open(publish(model, "sft/tiny/2").file(Adapter.WEIGHTS))) {
      assertThat(saved.names())
          .containsExactlyElementsOf(names.stream().map(Adapter.PREFIX::concat).toList());
    }
  }

  @Test
  void blocksComputedAgainGiveTheSameGradients() {
    for (LoraConfig lora : List.of(ALL, new LoraConfig(4, 8, LoraConfig.PROJECTIONS, 0))) {
      CausalLm model = adapted(Precision.FP32, lora);
      train(trainer(model), 5);
      var loss = new CrossEntropyLoss(40);

      Map<String, List<Float>> again;
      try (var scope = new PointerScope()) {
        clear(model);
        model.differentiate(() -> loss.of(model, batch()), 7, PassOptions.PLAIN);
        again = adapterGradients(model);
      }
      Map<String, List<Float>> kept;
      try (var scope = new PointerScope()) {
        clear(model);
        loss.of(model, batch()).backward(); // no training pass: nothing dropped
        kept = adapterGradients(model);
      }

      assertThat(again).hasSize(2 * 7 * 2);
      if (lora.dropout() == 0) {
        assertThat(again).isEqualTo(kept);
      } else {
        assertThat(again).isNotEqualTo(kept);
      }
    }
  }

  @Test
  void resumedRunMatchesUninterruptedRun() {
    for (Precision precision : Precision.values()) {
      Trainer<CausalLm> uninterrupted = trainer(adapted(precision, ALL));
      train(uninterrupted, 12);

      Trainer<CausalLm> first = trainer(adapted(precision, ALL));
      train(first, 7);
      TrainerSnapshot.save(root, 2, first, Map.of());
      Trainer<CausalLm> second = trainer(adapted(precision, ALL));
      TrainerSnapshot.restore(root, second);
      train(second, 5);

      assertThat(adapters(second.model())).isEqualTo(adapters(uninterrupted.model()));
      assertThat(adapters(second.model())).isNotEqualTo(adapters(first.model()));
    }
  }

  @Test
  void adapterSurvivesItsPeftFolder() throws IOException {
    CausalLm model = adapted(Precision.FP32, ALL);
    train(trainer(model), 5);
    Checkpoint saved = publish(model, "sft/tiny/5");

    CausalLm loaded = adapted(Precision.FP32, ALL);
    AdapterWeights.load(loaded, saved.directory());
    Checkpoint again = publish(loaded, "sft/tiny/6");

    assertThat(adapters(loaded)).isEqualTo(adapters(model));
    assertThat(saved.adapter()).contains(Adapter.on(base, ALL));
    assertThat(Files.mismatch(saved.file(Adapter.WEIGHTS), again.file(Adapter.WEIGHTS)))
        .isEqualTo(-1);
    assertThat(Files.mismatch(saved.file(Adapter.CONFIG), again.file(Adapter.CONFIG)))
        .isEqualTo(-1);
  }

  @Test
  void learnsWhatItReads() {
    CausalLm model = adapted(Precision.FP32, new LoraConfig(8, 16, LoraConfig.PROJECTIONS, 0));
    Trainer<CausalLm> trainer = trainer(model);
    double before = trainer.evaluate(List.of(batch()), new CrossEntropyLoss(40)::of);

    train(trainer, 100);

    double after = trainer.evaluate(List.of(batch()), new CrossEntropyLoss(40)::of);
    assertThat(after).isLessThan(before / 2);
  }

  @Test
  void nativeMemoryStaysFlat() {
    Trainer<CausalLm> trainer = trainer(adapted(Precision.BF16, ALL));
    for (int round = 0; round < 3; round++) {
      train(trainer, 10);
      System.gc();
    }

    long before = Pointer.physicalBytes();
    for (int round = 0; round < 6; round++) {
      train(trainer, 10);
      System.gc();
    }

    assertThat(Pointer.physicalBytes() - before).isLessThan(12L << 20);
  }

  private CausalLm adapted(Precision precision, LoraConfig lora) {
    return ModelWeights.adaptedCausalLm(base.config(), precision, base.weights(), lora, 3);
  }

  private Checkpoint publish(CausalLm model, String id) {
    try (var pending = store.begin(CheckpointId.parse(id))) {
      Path directory = pending.directory();
      model.config().write(directory);
      AdapterWeights.save(model, Adapter.on(base, model.lora().orElseThrow()), directory);
      new TrainingRecord("", Optional.of(base.id()), Map.of()).write(directory);
      return pending.publish();
    }
  }

  private static Trainer<CausalLm> trainer(CausalLm model) {
    return new Trainer<>(
        model,
        new AdamW(model, AdamW.Options.of(0.01)),
        LearningRateSchedule.constant(2e-2),
        1,
        WORKERS);
  }

  private static void train(Trainer<CausalLm> trainer, int steps) {
    PackedBatch batch = batch();
    for (int i = 0; i < steps; i++) {
      trainer.step(batch.split(2), new CrossEntropyLoss(batch.targetWeight())::of);
    }
  }

  private static PackedBatch batch() {
    return PackedBatch.pack(Tiny.documents(12, 5), 30, LastToken.PREDICTED);
  }

  private static List<Float> logits(CausalLm model) {
    try (var scope = new PointerScope();
        var off = new NoGradGuard()) {
      return Tiny.list(Tensors.floats(model.logits(batch()).flatten()));
    }
  }

  private static double distance(List<Float> a, List<Float> b) {
    return Tiny.distance(Map.of("logits", a), Map.of("logits", b));
  }

  private static void clear(CausalLm model) {
    model.trainedWeights().values().forEach(weight -> weight.mutable_grad().reset());
  }

  private static Map<String, List<Float>> adapterGradients(CausalLm model) {
    var gradients = new TreeMap<String, List<Float>>();
    model
        .trainedWeights()
        .forEach((name, w) -> gradients.put(name, Tiny.list(Tensors.floats(w.grad()))));
    return gradients;
  }

  private static Map<String, List<Float>> adapters(CausalLm model) {
    var values = new TreeMap<String, List<Float>>();
    try (var scope = new PointerScope()) {
      model.trainedWeights().forEach((name, w) -> values.put(name, Tiny.list(Tensors.floats(w))));
    }
    return values;
  }
}
