package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quartet.model.PackedBatch.LastToken;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class CrossEntropyLossTest {
  private static final Workers WORKERS = TorchRuntime.configure(1);
  private static final double Z = 0.1;
  private static final PackedBatch BATCH =
      PackedBatch.pack(Tiny.documents(12, 4), 40, LastToken.PREDICTED);

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  private record Result(double loss, Map<String, List<Float>> gradients) {}

  @Test
  void piecesGiveTheLossAndTheGradientsOfTheWhole() {
    for (boolean tied : new boolean[] {true, false}) {
      Result whole = run(tied, inPieces(1000));
      for (int rows : new int[] {1, 7}) {
        Result pieces = run(tied, inPieces(rows));

        assertThat(pieces.loss()).isCloseTo(whole.loss(), within(1e-6));
        assertThat(Tiny.distance(pieces.gradients(), whole.gradients())).isLessThan(1e-6);
      }
    }
  }

  @Test
  void lossAndGradientsAreThoseThatAutogradFinds() {
    for (boolean tied : new boolean[] {true, false}) {
      Result byHand = run(tied, inPieces(7));
      Result byAutograd = run(tied, CrossEntropyLossTest::byAutograd);

      assertThat(byHand.loss()).isCloseTo(byAutograd.loss(), within(1e-5));
      assertThat(Tiny.distance(byHand.gradients(), byAutograd.gradients())).isLessThan(1e-6);
    }
  }

  private static BiFunction<CausalLm, PackedBatch, Loss> inPieces(int rows) {
    var loss = new CrossEntropyLoss(BATCH.targetWeight(), Z, (long) rows * Tiny.VOCABULARY);
    return loss::of;
  }

  private static Loss byAutograd(CausalLm model, PackedBatch batch) {
    Tensor logitsRV = model.logits(model.hidden(batch, batch.targetRows()));
    Tensor crossEntropy = torch.cross_entropy_loss(logitsRV, Tensors.vector(batch.targetTokens()));
    Tensor squares = torch.logsumexp(logitsRV, new long[] {1}).square();
    return Loss.of(crossEntropy.add(squares.mean().mul(new Scalar((float) Z))));
  }

  private static Result run(boolean tied, BiFunction<CausalLm, PackedBatch, Loss> objective) {
    var model = new CausalLm(Tiny.config(tied), Precision.FP32, 3);
    try (var scope = new PointerScope()) {
      Loss loss = objective.apply(model, BATCH);
      loss.backward();
      return new Result(loss.value(), Tiny.gradients(model));
    }
  }
}
