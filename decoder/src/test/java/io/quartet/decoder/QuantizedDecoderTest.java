package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
    try (var engine = open(precision)) {
      float[] scored = engine.logProbs(List.of(tokens))[0];
      double ours = 0;
      double roundings = 0;
      for (int t = 1; t < tokens.length; t++) {
        double expected = rounded[t - 1][tokens[t]];
        ours += Math.pow(scored[t - 1] - expected, 2);
        roundings += Math.pow(expected - exact[t - 1][tokens[t]], 2);
      }
      // An activation near the middle of two steps may be rounded the other way in fp32 than in
      // double precision, so the difference has the steps' size, but is far rarer than rounding.
      assertThat(Math.sqrt(ours / scored.length))
          .isLessThanOrEqualTo(Math.max(2e-5, Math.sqrt(roundings / scored.length) / 4));
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
      assertThat(engine.logProbs(List.of(whole))[0]).endsWith(answer.logProbs(), within(1e-4f));
    }
  }

  private DecoderEngine open(Precision precision) {
    return DecoderEngine.open(folder, new DecoderOptions(32, 2, precision));
  }
}
