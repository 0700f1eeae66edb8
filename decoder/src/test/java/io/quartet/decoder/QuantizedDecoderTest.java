package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds of answers holds at every precision. */
@org.junit.jupiter.api.Timeout(60)
class QuantizedDecoderTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(Precision.class)
  void logProbsAreTheReferencesWithRoundedMatrices(Precision precision) {
    TestModel.write(folder, CONFIG, 1);
    int[] tokens = TestModel.tokens(CONFIG, 200, 1);
    double[][] rounded = new ReferenceModel(folder, precision).logProbabilities(tokens);
    double[][] exact = new ReferenceModel(folder).logProbabilities(tokens);
    double[] expected = new double[tokens.length - 1];
    double[] full = new double[tokens.length - 1];
    for (int t = 1; t < tokens.length; t++) {
      expected[t - 1] = rounded[t - 1][tokens[t]];
      full[t - 1] = exact[t - 1][tokens[t]];
    }
    try (var engine = open(precision)) {
      requireSameButForRounding(doubles(engine.logProbs(List.of(tokens))[0]), expected, full);
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void answerDoesNotDependOnTheBatchNorTheLoad(Precision precision) {
    TestModel.write(folder, CONFIG, 3);
    List<int[]> prompts = new ArrayList<>();
    List<SamplingParams> params = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      prompts.add(TestModel.tokens(CONFIG, i % 8 == 5 ? 200 : 1 + i % 13, i));
      params.add(SamplingParams.sampled(1, i, 30));
    }
    List<Generation> together;
    try (var engine = open(precision)) {
      together = engine.generate(prompts, params);
    }
    try (var engine = open(precision)) {
      for (int i = 0; i < prompts.size(); i++) {
        Generation alone =
            engine.generate(prompts.subList(i, i + 1), params.subList(i, i + 1)).get(0);
        assertThat(together.get(i).tokenIds()).containsExactly(alone.tokenIds());
        assertThat(together.get(i).logProbs()).containsExactly(alone.logProbs(), within(1e-5f));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void logProbsOfAnAnswerAreTheScorers(Precision precision) {
    TestModel.write(folder, TestModel.untied(CONFIG, CONFIG.keyValueHeads()), 4);
    int[] prompt = TestModel.tokens(CONFIG, 20, 4);
    try (var engine = open(precision)) {
      Generation answer =
          engine.generate(List.of(prompt), List.of(SamplingParams.sampled(1, 1, 60))).get(0);
      int[] whole = java.util.Arrays.copyOf(prompt, prompt.length + answer.tokenIds().length);
      System.arraycopy(answer.tokenIds(), 0, whole, prompt.length, whole.length - prompt.length);
      double[] generated = doubles(answer.logProbs());
      double[] scored = answerOf(engine.logProbs(List.of(whole))[0], generated.length);
      try (var full = open(Precision.FP32)) {
        double[] exact = answerOf(full.logProbs(List.of(whole))[0], generated.length);
        requireSameButForRounding(generated, scored, exact);
      }
      long other =
          IntStream.range(0, scored.length)
              .filter(t -> Math.abs(generated[t] - scored[t]) > 1e-4)
              .count();
      assertThat(other).isLessThanOrEqualTo(precision == Precision.FP32 ? 0 : scored.length / 10);
    }
  }

  /**
   * An activation near the middle of two steps of 8 bits is rounded the one way or the other as the
   * last bit of its own computation falls, so a difference may have a step's size, but all together
   * are far less than what rounding changes.
   */
  private static void requireSameButForRounding(
      double[] found, double[] expected, double[] unrounded) {
    double most = Math.max(2e-5, rootMeanSquare(expected, unrounded) / 4);
    assertThat(rootMeanSquare(found, expected)).isLessThanOrEqualTo(most);
  }

  private static double rootMeanSquare(double[] some, double[] others) {
    double squares = 0;
    for (int i = 0; i < some.length; i++) {
      squares += Math.pow(some[i] - others[i], 2);
    }
    return Math.sqrt(squares / some.length);
  }

  private static double[] answerOf(float[] logProbs, int tokens) {
    return doubles(
        java.util.Arrays.copyOfRange(logProbs, logProbs.length - tokens, logProbs.length));
  }

  private static double[] doubles(float[] floats) {
    double[] doubles = new double[floats.length];
    for (int i = 0; i < floats.length; i++) {
      doubles[i] = floats[i];
    }
    return doubles;
  }

  private DecoderEngine open(Precision precision) {
    return DecoderEngine.open(folder, new DecoderOptions(32, 2, precision));
  }
}
