package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.QuartetException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
  @Test
  void greedyTakesTheLargestAndOfEqualsTheLowestId() {
    assertThat(draw(Sampler.greedy(), 0.1f, 0.4f, 0.1f, 0.4f)).isEqualTo(1);
  }

  @Test
  void placeOfAShareIsWhereTheRunningSumPassesIt() {
    float[] weights = randomWeights(300, 1);
    Candidates candidates = fill(weights);
    double total = sum(weights);
    double running = 0;
    for (int id = 0; id < weights.length; id++) {
      double share = (running + weights[id] / 2) / total;
      assertThat(candidates.placeOf(share)).isEqualTo(id);
      running += weights[id];
    }
    assertThat(candidates.placeOf(0)).isEqualTo(0);
    assertThat(candidates.placeOf(Math.nextDown(1.0))).isEqualTo(299);
  }

  @Test
  void categoricalDrawsInProportionToTheWeights() {
    Sampler sampler = Sampler.categorical(new SplittableRandom(1));
    int[] counts = new int[3];
    for (int i = 0; i < 100_000; i++) {
      counts[draw(sampler, 0.1f, 1.2f, 0.7f)]++;
    }
    assertThat(counts[0]).isCloseTo(5_000, within(300));
    assertThat(counts[1]).isCloseTo(60_000, within(700));
  }

  @Test
  void categoricalNeverDrawsATokenWithoutWeight() {
    float[] weights = new float[200];
    weights[70] = 1e-20f;
    weights[131] = 2e-20f;
    Sampler sampler = Sampler.categorical(new SplittableRandom(2));
    assertThat(IntStream.range(0, 1000).map(i -> draw(sampler, weights)).distinct().boxed())
        .containsExactlyInAnyOrder(70, 131);
  }

  @Test
  void topKLeavesTheKLargest() {
    float[] weights = randomWeights(4096, 3);
    for (int k : new int[] {1, 2, 40, 500, 4095, 4096, 10_000}) {
      assertThat(survivors(candidates -> candidates.keepLargest(k), weights))
          .isEqualTo(Set.copyOf(byWeight(weights).subList(0, Math.min(k, 4096))));
    }
  }

  @Test
  void topKOfEqualWeightsLeavesTheLowestIds() {
    assertThat(survivors(candidates -> candidates.keepLargest(2), 0.1f, 0.3f, 0.3f, 0.3f))
        .containsExactly(1, 2);
  }

  @Test
  void topPLeavesTheFewestLargestThatReachTheShare() {
    float[] weights = randomWeights(4096, 4);
    List<Integer> byWeight = byWeight(weights);
    for (double p : new double[] {0.001, 0.3, 0.9, 0.99}) {
      double goal = p * sum(weights);
      double sum = 0;
      int needed = 0;
      while (sum < goal) {
        sum += weights[byWeight.get(needed++)];
      }
      assertThat(survivors(candidates -> candidates.keepNucleus(p), weights))
          .isEqualTo(Set.copyOf(byWeight.subList(0, needed)));
    }
  }

  @Test
  void topPLeavesAtLeastOne() {
    assertThat(survivors(candidates -> candidates.keepNucleus(1e-9), 0.2f, 0.5f, 0.3f))
        .containsExactly(1);
  }

  @Test
  void topPOfEqualWeightsCountsThemWhateverWasDrawnBefore() {
    float[] weights = new float[30_000]; // whose sum in floats is short by a thousandth
    Arrays.fill(weights, 1f / weights.length);
    for (double p : new double[] {0.5, 0.9999, Math.nextDown(1.0)}) {
      Candidates candidates = fill(randomWeights(weights.length, 5));
      candidates.keepNucleus(0.5); // leaves its own entries behind
      System.arraycopy(weights, 0, candidates.refill(), 0, weights.length);
      candidates.keepNucleus(p);
      assertThat(candidates.count()).isCloseTo((int) Math.ceil(30_000 * p), within(1));
      assertThat(candidates.id(candidates.count() - 1)).isEqualTo(candidates.count() - 1);
    }
  }

  @Test
  void topPOfNothingIsTheLikeliest() {
    assertThat(survivors(candidates -> candidates.keepNucleus(0), 0.2f, 0.4f, 0.4f))
        .containsExactly(1);
  }

  @Test
  void minPLeavesThoseWithItsShareOfTheLargest() {
    float[] weights = {0.1f, 0.4f, 0.04f, 0.05f, 0.39f, 0.02f};
    assertThat(survivors(candidates -> candidates.keepAtLeast(0.1), weights))
        .containsExactly(0, 1, 2, 3, 4);
    assertThat(survivors(candidates -> candidates.keepAtLeast(1), weights)).containsExactly(1);
  }

  @Test
  void filtersComposeInTheirOrder() {
    var params = SamplingParams.sampled(1, 5, 1).toBuilder().topK(2).topP(0.6).build();
    Sampler sampler = Sampler.of(params); // top 2 of these are .4 and .3, and .4 is not .6 of .7
    Set<Integer> drawn = new TreeSet<>();
    for (int i = 0; i < 500; i++) {
      drawn.add(draw(sampler, 0.3f, 0.4f, 0.15f, 0.15f));
    }
    assertThat(drawn).containsExactly(0, 1);
  }

  @Test
  void sameSeedDrawsTheSame() {
    float[] weights = randomWeights(4096, 6);
    Sampler one = Sampler.of(SamplingParams.sampled(1, 42, 1));
    Sampler other = Sampler.of(SamplingParams.sampled(1, 42, 1));
    for (int i = 0; i < 50; i++) {
      assertThat(draw(one, weights)).isEqualTo(draw(other, weights));
    }
  }

  @Test
  void distributionThatIsNotANumberIsAnError() {
    Sampler sampler = Sampler.categorical(new SplittableRandom(1));
    assertThatThrownBy(() -> draw(sampler, 1, Float.NaN))
        .isInstanceOf(QuartetException.class)
        .hasMessageContaining("NaN");
    assertThatThrownBy(() -> draw(Sampler.greedy(), Float.NaN, Float.NaN))
        .isInstanceOf(QuartetException.class);
  }

  @Test
  void impossibleParametersAreNamed() {
    assertThatThrownBy(() -> SamplingParams.sampled(-1, 0, 1))
        .hasMessageContaining("temperature -1.0");
    assertThatThrownBy(() -> SamplingParams.greedy(0)).hasMessageContaining("max tokens 0");
    assertThatThrownBy(() -> SamplingParams.builder().topK(-1).build())
        .hasMessageContaining("top-k -1");
    assertThatThrownBy(() -> SamplingParams.builder().topP(1.01f).build())
        .hasMessageContaining("top-p 1.01, expected 0 to 1");
    assertThatThrownBy(() -> SamplingParams.builder().minP(1.5).build())
        .hasMessageContaining("min-p 1.5");
    assertThatThrownBy(() -> SamplingParams.builder().repetitionPenalty(0.009f).build())
        .hasMessageContaining("repetition penalty 0.009, expected 0.01 to 100");
    assertThatThrownBy(() -> SamplingParams.builder().frequencyPenalty(-3).build())
        .hasMessageContaining("frequency penalty -3.0, expected −2 to 2");
    assertThatThrownBy(() -> SamplingParams.builder().logitBias(Map.of(5, 101f)).build())
        .hasMessageContaining("bias of token 5 101.0");
    assertThatThrownBy(() -> SamplingParams.builder().topLogProbs(21).build())
        .hasMessageContaining("top log-probs 21");
    assertThatThrownBy(() -> SamplingParams.builder().stop(List.of("")).build())
        .hasMessageContaining("stop string");
  }

  @Test
  void lowestValuesAreTakenAsFloats() {
    SamplingParams params =
        SamplingParams.builder().temperature(0.01f).repetitionPenalty(0.01f).build();
    assertThat(params.temperature()).isEqualTo(0.01f);
    assertThat(params.repetitionPenalty()).isEqualTo(0.01f);
  }

  @Test
  void temperatureBelowTheLowestIsTheLowestAndOnlyZeroIsGreedy() {
    assertThat(SamplingParams.sampled(1e-9, 0, 1).temperature()).isEqualTo(0.01f);
    assertThat(SamplingParams.sampled(0.0, 0, 1).temperature()).isZero();
  }

  private static int draw(Sampler sampler, float... weights) {
    return sampler.sample(fill(weights));
  }

  private static Candidates fill(float... weights) {
    var candidates = new Candidates(weights.length);
    System.arraycopy(weights, 0, candidates.refill(), 0, weights.length);
    return candidates;
  }

  private static Set<Integer> survivors(
      java.util.function.Consumer<Candidates> filter, float... weights) {
    Candidates candidates = fill(weights);
    filter.accept(candidates);
    Set<Integer> ids = new TreeSet<>();
    for (int place = 0; place < candidates.count(); place++) {
      ids.add(candidates.id(place));
    }
    return ids;
  }

  private static List<Integer> byWeight(float[] weights) {
    return IntStream.range(0, weights.length)
        .boxed()
        .sorted(Comparator.comparing((Integer id) -> -weights[id]).thenComparing(id -> id))
        .toList();
  }

  /** As uneven as a trained model's: exp of a wide normal. */
  private static float[] randomWeights(int count, long seed) {
    var random = new Random(seed);
    float[] weights = new float[count];
    for (int i = 0; i < count; i++) {
      weights[i] = (float) Math.exp(3 * random.nextGaussian() - 8);
    }
    return weights;
  }

  private static double sum(float[] weights) {
    return IntStream.range(0, weights.length).mapToDouble(i -> weights[i]).sum();
  }
}
