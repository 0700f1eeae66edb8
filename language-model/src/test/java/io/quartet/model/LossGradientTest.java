package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.Architecture;
import io.quartet.model.PackedBatch.LastToken;
import io.quartet.model.PairwiseRewardLoss.Pair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/**
 * Every loss's gradient against central differences along its own direction and along a random one.
 */
class LossGradientTest {
  private static final Workers WORKERS = TorchRuntime.configure(1);

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void crossEntropyDescendsAsItsGradientSays() {
    for (boolean tied : new boolean[] {true, false}) {
      var model = new CausalLm(Tiny.config(tied), Precision.FP32, 1);
      PackedBatch batch = PackedBatch.pack(weighted(), 30, LastToken.PREDICTED);

      assertGradient(model, () -> new CrossEntropyLoss(11).of(model, batch, 0.7));
      assertGradient(model, () -> new CrossEntropyLoss(11, 0.05).of(model, batch, 0.7));
    }
  }

  @Test
  void pairwiseRewardLossDescendsAsItsGradientSays() {
    RewardModel model = reward(2);
    PackedBatch batch = PackedBatch.pack(Tiny.documents(5, 2), 30, LastToken.READ);
    var pairs = List.of(Pair.of(0, 1), new Pair(2, 0, 0.5), Pair.of(4, 3));

    assertGradient(model, () -> new PairwiseRewardLoss(0.3, 2.5, 5).of(model, batch, pairs));
  }

  @Test
  void ppoLossDescendsAsItsGradientSays() {
    CausalLm policy = Tiny.model(Precision.FP32, 3);
    var shared = ActorCritic.shared(policy, 1, 4);
    var separate = ActorCritic.separate(Tiny.model(Precision.FP32, 3), reward(5), 1);
    // Wide ranges: at a kink there is no derivative to compare with.
    var options = new PpoLoss.Options(50, 50, 0.5, 0.1);
    List<PpoSample> samples = samples(shared);

    assertGradient(shared, () -> new PpoLoss(options, 20).of(shared, samples));
    assertGradient(separate, () -> new PpoLoss(options, 20).of(separate, samples));
  }

  @Test
  void clippedTokensSendNoGradientToThePolicy() {
    var model = ActorCritic.shared(Tiny.model(Precision.FP32, 3), 1, 4);
    var options = new PpoLoss.Options(1e-4, 1, 0, 0);
    // Every token is already much likelier than when it was sampled, and was good.
    List<PpoSample> samples =
        samples(model).stream()
            .map(
                s ->
                    new PpoSample(
                        s.sequence(),
                        filled(s.logProbs().length, -50),
                        s.values(),
                        filled(s.values().length, 1),
                        s.returns()))
            .toList();

    double norm = norm(model, () -> new PpoLoss(options, 20).of(model, samples));

    assertThat(norm).isEqualTo(0);
  }

  static RewardModel reward(long seed) {
    return new RewardModel(
        Tiny.config(true).withArchitecture(Architecture.SEQUENCE_CLASSIFICATION),
        Precision.FP32,
        seed);
  }

  private static List<TokenSequence> weighted() {
    var sequences = new ArrayList<TokenSequence>();
    for (int i = 0; i < 5; i++) {
      int[] tokens = Tiny.tokens(8, i);
      sequences.add(TokenSequence.of(tokens, new float[] {0, 0, 0, 1, 4, 1, 0.5f, 1}));
    }
    return sequences;
  }

  /** Two answers as the model itself would score them, slightly off. */
  private static List<PpoSample> samples(ActorCritic model) {
    var sequences =
        List.of(
            TokenSequence.answer(Tiny.tokens(4, 1), Tiny.tokens(7, 2)),
            TokenSequence.answer(Tiny.tokens(6, 3), Tiny.tokens(5, 4)));
    List<LogProbs> scores = LogProbs.of(model.policy(), sequences, WORKERS);
    var random = new SplittableRandom(9);
    var samples = new ArrayList<PpoSample>();
    for (int i = 0; i < sequences.size(); i++) {
      float[] logProbs = scores.get(i).logProbs().clone();
      for (int t = 0; t < logProbs.length; t++) {
        logProbs[t] += (float) random.nextDouble(-0.2, 0.2);
      }
      int length = logProbs.length;
      samples.add(
          new PpoSample(
              sequences.get(i),
              logProbs,
              filled(length, 0.1f),
              random(length, random),
              random(length, random)));
    }
    return samples;
  }

  private static float[] random(int length, SplittableRandom random) {
    float[] values = new float[length];
    for (int t = 0; t < length; t++) {
      values[t] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }

  private static float[] filled(int length, float value) {
    float[] values = new float[length];
    Arrays.fill(values, value);
    return values;
  }

  /** The directional derivative from differences equals the gradient's component. */
  private static void assertGradient(TransformerModel model, Supplier<Loss> loss) {
    double norm = norm(model, loss);
    assertThat(norm).isGreaterThan(1e-3);
    var gradients = Tiny.gradients(model);
    double along = slope(model, loss, gradients, norm);
    assertThat(along / norm).isCloseTo(1, within(0.01));

    // One weight at a time, the one with the largest gradient of each tensor.
    gradients.forEach(
        (name, values) -> {
          int at = 0;
          for (int i = 0; i < values.size(); i++) {
            at = Math.abs(values.get(i)) > Math.abs(values.get(at)) ? i : at;
          }
          double expected = values.get(at);
          double found = difference(model, loss, name, at);
          assertThat(found).as(name).isCloseTo(expected, within(0.02 * Math.abs(expected) + 2e-4));
        });
  }

  private static double norm(TransformerModel model, Supplier<Loss> loss) {
    try (var scope = new PointerScope()) {
      model.weights().values().forEach(weight -> weight.mutable_grad().reset());
      loss.get().backward();
      double squares = 0;
      for (Tensor weight : model.weights().values()) {
        if (weight.grad().defined()) {
          squares += Math.pow(weight.grad().norm().item_float(), 2);
        }
      }
      return Math.sqrt(squares);
    }
  }

  private static double slope(
      TransformerModel model,
      Supplier<Loss> loss,
      Map<String, List<Float>> gradients,
      double norm) {
    double step = 2e-3;
    double up = moved(model, loss, gradients, step / norm);
    double down = moved(model, loss, gradients, -step / norm);
    return (up - down) / (2 * step);
  }

  private static double moved(
      TransformerModel model,
      Supplier<Loss> loss,
      Map<String, List<Float>> direction,
      double distance) {
    shift(model, direction, distance);
    double value = value(loss);
    shift(model, direction, -distance);
    return value;
  }

  private static void shift(
      TransformerModel model, Map<String, List<Float>> direction, double distance) {
    try (var scope = new PointerScope();
        var off = new NoGradGuard()) {
      model
          .weights()
          .forEach(
              (name, weight) -> {
                List<Float> values = direction.get(name);
                if (values != null) {
                  float[] change = new float[values.size()];
                  for (int i = 0; i < change.length; i++) {
                    change[i] = (float) (values.get(i) * distance);
                  }
                  weight.add_(Tensors.vector(change).view(weight.shape()));
                }
              });
    }
  }

  private static double difference(
      TransformerModel model, Supplier<Loss> loss, String name, int index) {
    int size;
    try (var scope = new PointerScope()) {
      size = (int) model.weights().get(name).numel();
    }
    var one = new ArrayList<Float>(Collections.nCopies(size, 0f));
    one.set(index, 1f);
    var direction = Map.<String, List<Float>>of(name, one);
    double step = 4e-3;
    double up = moved(model, loss, direction, step);
    double down = moved(model, loss, direction, -step);
    return (up - down) / (2 * step);
  }

  private static double value(Supplier<Loss> loss) {
    try (var scope = new PointerScope();
        var off = new NoGradGuard()) {
      return loss.get().value();
    }
  }
}
