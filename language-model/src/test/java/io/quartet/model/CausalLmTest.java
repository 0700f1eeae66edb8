package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quartet.model.PackedBatch.LastToken;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class CausalLmTest {
  private static final Workers WORKERS = TorchRuntime.configure(2);

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void weightsAreNamedAndShapedAsInHuggingFace() {
    for (boolean tied : new boolean[] {true, false}) {
      var model = new CausalLm(Tiny.config(tied), Precision.FP32, 1);

      var shapes = new ArrayList<String>();
      model.weights().forEach((name, w) -> shapes.add(name + " " + List.of(w.shape().length)));

      var expected = new ArrayList<String>();
      Tiny.config(tied)
          .tensorShapes()
          .forEach((name, shape) -> expected.add(name + " " + List.of(shape.length)));
      assertThat(shapes).isEqualTo(expected);
      assertThat(model.parameterCount()).isEqualTo(Tiny.config(tied).parameters());
    }
  }

  @Test
  void freshModelKnowsNothing() {
    var model = new CausalLm(Tiny.config(false), Precision.FP32, 1);
    PackedBatch batch = PackedBatch.pack(Tiny.documents(60, 3), 40, LastToken.PREDICTED);

    double loss = loss(model, batch);

    // Logits of unit variance cost about half a nat over the uniform distribution's ln V.
    assertThat(loss).isCloseTo(Math.log(Tiny.VOCABULARY) + 0.5, within(0.25));
  }

  @Test
  void packingChangesNeitherLossNorGradients() {
    CausalLm model = Tiny.model(Precision.FP32, 2);
    List<TokenSequence> documents = Tiny.documents(9, 4);
    PackedBatch packed = PackedBatch.pack(documents, 48, LastToken.PREDICTED);
    assertThat(packed.rows()).isLessThan(documents.size());

    double together = backward(model, List.of(packed));
    var gradients = Tiny.gradients(model);
    clear(model);
    double apart =
        backward(
            model,
            documents.stream()
                .map(d -> PackedBatch.pack(List.of(d), 48, LastToken.PREDICTED))
                .toList());

    assertThat(together).isCloseTo(apart, within(1e-5));
    assertThat(Tiny.distance(Tiny.gradients(model), gradients)).isLessThan(1e-5);
  }

  @Test
  void nothingLeaksFromLaterTokens() {
    CausalLm model = Tiny.model(Precision.FP32, 2);
    int[] tokens = Tiny.tokens(12, 5);
    int[] changed = tokens.clone();
    changed[11] = changed[11] == 6 ? 7 : 6;

    float[] before = logits(model, tokens);
    float[] after = logits(model, changed);

    int prefix = 11 * Tiny.VOCABULARY;
    assertThat(Tiny.list(after).subList(0, prefix)).isEqualTo(Tiny.list(before).subList(0, prefix));
    assertThat(after).isNotEqualTo(before);
  }

  @Test
  void bfloat16StaysCloseToSinglePrecision() {
    PackedBatch batch = PackedBatch.pack(Tiny.documents(20, 6), 40, LastToken.PREDICTED);
    CausalLm exact = Tiny.model(Precision.FP32, 7);
    CausalLm rounded = Tiny.model(Precision.BF16, 7);

    double difference = backward(exact, List.of(batch)) - backward(rounded, List.of(batch));

    assertThat(difference).isCloseTo(0, within(0.02));
    assertThat(Tiny.distance(Tiny.gradients(exact), Tiny.gradients(rounded))).isLessThan(0.01);
  }

  @Test
  void sharedWeightsHaveGradientsOfTheirOwn() {
    CausalLm model = Tiny.model(Precision.FP32, 8);
    CausalLm replica = model.replica();
    PackedBatch batch = PackedBatch.pack(Tiny.documents(4, 6), 40, LastToken.PREDICTED);

    backward(replica, List.of(batch));

    assertThat(Tiny.weights(replica)).isEqualTo(Tiny.weights(model));
    assertThat(Tiny.gradients(model)).isEmpty();
    assertThat(Tiny.gradients(replica)).hasSameSizeAs(Tiny.weights(model));
  }

  private static float[] logits(CausalLm model, int[] tokens) {
    try (var scope = new PointerScope()) {
      var sequence = List.of(TokenSequence.document(tokens));
      return Tensors.floats(model.logits(PackedBatch.pack(sequence, 40, LastToken.READ)));
    }
  }

  private static double loss(CausalLm model, PackedBatch batch) {
    try (var scope = new PointerScope()) {
      return new CrossEntropyLoss(batch.targetWeight()).of(model, batch).value();
    }
  }

  /** The sum of the batches' losses per target; leaves their gradients in the model. */
  private static double backward(CausalLm model, List<PackedBatch> batches) {
    double targets = batches.stream().mapToDouble(PackedBatch::targetWeight).sum();
    double sum = 0;
    for (PackedBatch batch : batches) {
      try (var scope = new PointerScope()) {
        Loss loss = new CrossEntropyLoss(targets).of(model, batch);
        loss.backward();
        sum += loss.value();
      }
    }
    return sum;
  }

  private static void clear(CausalLm model) {
    try (var scope = new PointerScope()) {
      model.weights().values().forEach(weight -> weight.mutable_grad().reset());
    }
  }
}
