package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.decoder.ScoredToken.Alternative;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each knob on a real model, through the engine. */
@org.junit.jupiter.api.Timeout(60)
class SamplingKnobsTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;

  @TempDir static Path folder;
  private static DecoderEngine engine;

  @BeforeAll
  static void open() {
    TestModel.write(folder, CONFIG, 21);
    engine = DecoderEngine.open(folder, new DecoderOptions(8, 2));
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  @Test
  void promptIsScoredTokenByTokenHoweverItIsRead() {
    var params = SamplingParams.greedy(3).toBuilder().promptLogProbs(true).topLogProbs(2).build();
    for (int length : new int[] {1, 9, 2 * PromptReader.SHORT + 17}) {
      int[] prompt = TestModel.tokens(CONFIG, length, length);
      List<ScoredToken> heard = new ArrayList<>();
      Generation answer = generate(prompt, params, heard);
      assertThat(answer.prompt()).isEqualTo(heard).hasSize(length - 1);
      double[][] reference = new ReferenceModel(folder).logProbabilities(prompt);
      for (int i = 0; i < length - 1; i++) {
        ScoredToken scored = answer.prompt().get(i);
        assertThat(scored.id()).isEqualTo(prompt[i + 1]);
        assertThat((double) scored.logProb()).isCloseTo(reference[i][prompt[i + 1]], within(1e-4));
        assertThat(ids(scored.alternatives())).isEqualTo(likeliest(reference[i], 2));
      }
      assertThat(answer.tokenIds())
          .isEqualTo(generate(prompt, SamplingParams.greedy(3)).tokenIds());
    }
  }

  @Test
  void promptIsScoredWithoutAnAnswerUpToTheWholeContext() throws Exception {
    int[] prompt = TestModel.tokens(CONFIG, CONFIG.contextLength(), 3);
    var scored = SamplingParams.builder().maxTokens(0).promptLogProbs(true).build();
    long before = engine.load().totals().generated();
    List<ScoredToken> heard = new ArrayList<>();
    Generation none = generate(prompt, scored, heard);
    assertThat(none.tokens()).isEmpty();
    assertThat(none.finishReason()).isEqualTo(FinishReason.LENGTH);
    assertThat(none.prompt()).isEqualTo(heard).hasSize(prompt.length - 1);
    assertThat(engine.load().totals().generated()).isEqualTo(before);
    int[] shorter = Arrays.copyOf(prompt, prompt.length - 1);
    Generation one = generate(shorter, scored.toBuilder().maxTokens(1).build());
    assertThat(none.prompt()).startsWith(one.prompt().toArray(new ScoredToken[0]));
    int[] longer = Arrays.copyOf(prompt, prompt.length + 1);
    assertThatThrownBy(() -> generate(longer, scored))
        .hasMessageContaining("prompt of 321 tokens, expected at most the context length 320");
    assertThatThrownBy(() -> generate(prompt, scored.toBuilder().maxTokens(1).build()))
        .hasMessageContaining("prompt of 320 tokens, expected fewer than the context length 320");
  }

  @Test
  void promptsThatAreOnlyScoredLeaveOthersAsTheyAre() {
    var scored = SamplingParams.builder().maxTokens(0).promptLogProbs(true).build();
    SamplingParams drawn = SamplingParams.sampled(1, 3, 20);
    int[] prompt = TestModel.tokens(CONFIG, 12, 3);
    List<Generation> answers =
        engine.generate(
            List.of(prompt, prompt, prompt, new int[] {5}), List.of(scored, drawn, scored, scored));
    assertThat(answers.get(1).tokens()).isEqualTo(generate(prompt, drawn).tokens());
    assertThat(answers.get(2).prompt()).isEqualTo(answers.get(0).prompt()).hasSize(11);
    assertThat(answers.get(3).prompt()).isEmpty();
  }

  @Test
  void scoresHaveTheSameBitsInPartsOfAnyWidth() {
    ModelConfig config = TestModel.vocabulary(CONFIG, 20_000);
    assertThat(HeadBuffers.mostRows(20_000, 1)).isLessThan(HeadBuffers.mostRows(20_000, 256));
    Path wide = TestModel.write(folder.resolve("wide"), config, 22);
    var params = SamplingParams.greedy(2).toBuilder().promptLogProbs(true).topLogProbs(2).build();
    List<int[]> prompts = new ArrayList<>();
    for (int length : new int[] {300, 140, 90, 40, 2}) {
      prompts.add(TestModel.tokens(config, length, length));
    }
    List<SamplingParams> all = Collections.nCopies(prompts.size(), params);
    try (var one = DecoderEngine.open(wide, new DecoderOptions(1, 2));
        var many = DecoderEngine.open(wide, new DecoderOptions(256, 2))) {
      List<Generation> inParts = one.generate(prompts, all);
      List<Generation> atOnce = many.generate(prompts, all);
      for (int i = 0; i < prompts.size(); i++) {
        assertThat(inParts.get(i).prompt()).isEqualTo(atOnce.get(i).prompt());
        assertThat(inParts.get(i).tokens()).isEqualTo(atOnce.get(i).tokens());
      }
    }
  }

  @Test
  void alternativesAreTheModelsLikeliestWhateverWasDrawn() {
    int[] prompt = TestModel.tokens(CONFIG, 6, 1);
    var params =
        SamplingParams.sampled(2, 4, 20).toBuilder()
            .topLogProbs(5)
            .frequencyPenalty(2)
            .topK(50)
            .build();
    Generation answer = generate(prompt, params);
    int[] all = IntStream.concat(Arrays.stream(prompt), Arrays.stream(answer.tokenIds())).toArray();
    double[][] reference = new ReferenceModel(folder).logProbabilities(all);
    for (int i = 0; i < answer.tokens().size(); i++) {
      double[] expected = reference[prompt.length - 1 + i];
      List<Alternative> alternatives = answer.tokens().get(i).alternatives();
      assertThat(ids(alternatives)).isEqualTo(likeliest(expected, 5));
      for (Alternative one : alternatives) {
        assertThat((double) one.logProb()).isCloseTo(expected[one.id()], within(1e-4));
      }
    }
  }

  @Test
  void biasForcesATokenAndForbidsAnother() {
    int[] prompt = TestModel.tokens(CONFIG, 6, 2);
    int[] free = generate(prompt, SamplingParams.greedy(12)).tokenIds();
    int first = free[0];
    var forced = SamplingParams.greedy(4).toBuilder().logitBias(Map.of(33, 100f)).build();
    assertThat(generate(prompt, forced).tokenIds()).containsExactly(33, 33, 33, 33);
    var without = SamplingParams.greedy(12).toBuilder().logitBias(Map.of(first, -100f)).build();
    assertThat(generate(prompt, without).tokenIds()).doesNotContain(first).isNotEqualTo(free);
  }

  @Test
  void strongRepetitionPenaltyLeavesNoTokenOfPromptOrAnswerTwice() {
    int[] prompt = TestModel.tokens(CONFIG, 6, 3);
    var params = SamplingParams.greedy(12).toBuilder().repetitionPenalty(100).build();
    int[] answer = generate(prompt, params).tokenIds();
    assertThat(answer).doesNotHaveDuplicates().doesNotContain(prompt).hasSizeGreaterThan(1);
  }

  @Test
  void stopTokenOfTheRequestEndsTheAnswer() {
    int[] prompt = TestModel.tokens(CONFIG, 6, 4);
    int[] free = generate(prompt, SamplingParams.greedy(12)).tokenIds();
    var params = SamplingParams.greedy(12).toBuilder().stopTokens(Set.of(free[2])).build();
    Generation answer = generate(prompt, params);
    assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(free).startsWith(answer.tokenIds());
    assertThat(answer.tokenIds()).endsWith(free[2]);
  }

  @Test
  void tokenOutsideTheVocabularyIsNamed() {
    var params = SamplingParams.builder().logitBias(Map.of(97, 1f)).build();
    assertThatThrownBy(() -> generate(new int[] {1}, params))
        .hasMessageContaining("bias 97, expected 0 to 96");
  }

  private static Generation generate(int[] prompt, SamplingParams params) {
    return engine.generate(List.of(prompt), List.of(params)).get(0);
  }

  private static Generation generate(
      int[] prompt, SamplingParams params, List<ScoredToken> prompts) {
    var listener =
        new TokenListener() {
          @Override
          public void token(ScoredToken token) {}

          @Override
          public void prompt(List<ScoredToken> prompt) {
            prompts.addAll(prompt);
          }
        };
    try {
      return engine.submit(prompt, params, listener).await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Integer> ids(List<Alternative> alternatives) {
    return alternatives.stream().map(Alternative::id).toList();
  }

  private static List<Integer> likeliest(double[] logProbs, int count) {
    return IntStream.range(0, logProbs.length)
        .boxed()
        .sorted((a, b) -> Double.compare(logProbs[b], logProbs[a]))
        .limit(count)
        .toList();
  }
}
