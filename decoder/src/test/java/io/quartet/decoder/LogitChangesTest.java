package io.quartet.decoder;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LogitChangesTest {
  private static final int[] PROMPT = {3, 5, 3};

  @Test
  void penaltiesAndBiasChangeTheLogitsTheyConcern() {
    var params =
        SamplingParams.builder()
            .temperature(0.5)
            .repetitionPenalty(1.5)
            .presencePenalty(0.4)
            .frequencyPenalty(0.3)
            .logitBias(Map.of(7, 2f, 5, -1f))
            .build();
    float[] logits = {0.5f, -0.2f, 1.5f, 2f, 0.1f, -1f, 0.7f, 0.3f};
    float[] expected = logits.clone();
    expected[3] = 2f / 1.5f; // in the prompt
    expected[5] = -1.5f - 1; // in the prompt, negative, and biased
    expected[2] = 1.5f / 1.5f - 0.4f - 2 * 0.3f; // twice in the answer
    expected[1] = -0.2f * 1.5f - 0.4f - 0.3f; // once in the answer
    expected[7] = 0.3f + 2;

    assertThat(changed(params, logits, 2, 1, 2)).containsExactly(softmax(expected, 0.5), near());
  }

  @Test
  void presenceAndFrequencyLeaveThePromptsTokensAlone() {
    var params = SamplingParams.builder().presencePenalty(1).frequencyPenalty(1).build();
    float[] logits = {0.5f, -0.2f, 1.5f, 2f, 0.1f, -1f};
    assertThat(changed(params, logits)).containsExactly(softmax(logits, 1), near());
  }

  @Test
  void forbiddenTokenLeavesTheOthersTheirOrderHoweverSmallTheirWeightsWere() {
    var params =
        SamplingParams.builder().temperature(0.01).logitBias(Map.of(1, -100f, 0, 1f)).build();
    float[] logits = {3f, 60f, 4.01f, 2f}; // at this temperature all but the second are 0
    float[] expected = {4f, -40f, 4.01f, 2f};
    assertThat(changed(params, logits)).containsExactly(softmax(expected, 0.01), near());
  }

  @Test
  void penaltiesAndBiasesOfManyTokensAddUp() {
    var random = new Random(1);
    int[] prompt = random.ints(70, 0, 200).toArray();
    int[] answer = random.ints(1000, 0, 200).toArray();
    Map<Integer, Float> bias =
        random.ints(50, 0, 200).boxed().distinct().collect(toMap(id -> id, id -> id / 100f));
    var params =
        SamplingParams.builder()
            .repetitionPenalty(1.3)
            .frequencyPenalty(0.01)
            .logitBias(bias)
            .build();
    float[] logits = new float[200];
    for (int id = 0; id < logits.length; id++) {
      logits[id] = (float) random.nextGaussian();
    }
    float[] expected = logits.clone();
    IntStream.concat(Arrays.stream(prompt), Arrays.stream(answer))
        .distinct()
        .forEach(id -> expected[id] *= (float) (logits[id] > 0 ? 1 / 1.3 : 1.3));
    for (int token : answer) {
      expected[token] -= 0.01f;
    }
    bias.forEach((id, added) -> expected[id] += added);
    assertThat(changed(params, prompt, logits, answer))
        .containsExactly(softmax(expected, 1), near());
  }

  @Test
  void nothingAskedForIsNothingChanged() {
    assertThat(LogitChanges.of(SamplingParams.sampled(0.7, 1, 9), PROMPT)).isNull();
  }

  /** The changed weights, brought to the sum of 1. */
  private static float[] changed(SamplingParams params, float[] logits, int... answer) {
    return changed(params, PROMPT, logits, answer);
  }

  private static float[] changed(
      SamplingParams params, int[] prompt, float[] logits, int[] answer) {
    LogitChanges changes = java.util.Objects.requireNonNull(LogitChanges.of(params, prompt));
    for (int token : answer) {
      changes.count(token);
    }
    float[] weights = softmax(logits, params.temperature());
    changes.apply(weights, logits.clone(), 1 / params.temperature());
    double sum = 0;
    for (float weight : weights) {
      sum += weight;
    }
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) (weights[i] / sum);
    }
    return weights;
  }

  private static float[] softmax(float[] logits, double temperature) {
    double most = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      most = Math.max(most, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp((logit - most) / temperature);
    }
    float[] weights = new float[logits.length];
    for (int i = 0; i < logits.length; i++) {
      weights[i] = (float) (Math.exp((logits[i] - most) / temperature) / sum);
    }
    return weights;
  }

  private static org.assertj.core.data.Offset<Float> near() {
    return within(1e-6f);
  }
}
