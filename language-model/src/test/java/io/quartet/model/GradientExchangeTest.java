package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.model.PackedBatch.LastToken;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class GradientExchangeTest {
  private static final PackedBatch BATCH =
      PackedBatch.pack(Tiny.documents(40, 5), 30, LastToken.PREDICTED);

  @Test
  void blocksAreSentLastFirstWhileThePassGoesOn() {
    try (Workers workers = TorchRuntime.configure(1)) { // a second could come to a block late
      var group = new Watched(1);

      group.step(workers, BATCH.split(1));

      int block = group.sizes.get(0);
      assertThat(group.sizes).containsExactly(block, block, 3);
      assertThat(group.embeddingDone).containsExactly(false, true, true);
    }
  }

  @Test
  void nothingIsSentBeforeTheLastPartOfAStep() {
    try (Workers workers = TorchRuntime.configure(1)) {
      var once = new Watched(1);
      var accumulated = new Watched(1);

      once.step(workers, BATCH.split(1));
      accumulated.step(workers, BATCH.split(4));

      assertThat(accumulated.sizes).isEqualTo(once.sizes);
      assertThat(Tiny.distance(Tiny.gradients(accumulated.model), Tiny.gradients(once.model)))
          .isLessThan(1e-6);
    }
  }

  /** Two processes of which the other has no data, seen where they exchange. */
  private static final class Watched implements ReplicaGroup {
    private final List<Integer> sizes = new ArrayList<>();
    private final List<Boolean> embeddingDone = new ArrayList<>();
    private final CausalLm model;

    Watched(long seed) {
      // Untied: an output layer of its own leaves the embedding's gradient to the pass's very end.
      model = new CausalLm(Tiny.config(false), Precision.FP32, seed);
    }

    void step(Workers workers, List<PackedBatch> parts) {
      var trainer =
          new Trainer<>(
              model,
              new AdamW(model, AdamW.Options.of(0)),
              LearningRateSchedule.constant(1e-3),
              1e9,
              workers,
              this);
      trainer.step(parts, new CrossEntropyLoss(BATCH.targetWeight())::of);
    }

    @Override
    public int rank() {
      return 0;
    }

    @Override
    public int size() {
      return 2;
    }

    @Override
    public Pending sum(List<Tensor> tensors) {
      sizes.add(tensors.size());
      try (var scope = new PointerScope()) {
        Tensor embedding = model.weights().get("model.embed_tokens.weight");
        embeddingDone.add(embedding.grad().defined());
      }
      return () -> {};
    }

    @Override
    public double[] sum(double... values) {
      return values;
    }

    @Override
    public void copyFromLeader(List<Tensor> tensors) {}

    @Override
    public void close() {}
  }
}
