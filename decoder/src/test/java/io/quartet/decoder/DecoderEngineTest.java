package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.BpeVocabulary;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@org.junit.jupiter.api.Timeout(60)
class DecoderEngineTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;
  private static final DecoderOptions OPTIONS = new DecoderOptions(32, 2);
  private static final TokenListener NOBODY = token -> {};

  @TempDir Path folder;

  @Test
  void greedyAnswerIsTheReferencesLikeliestTokens() {
    TestModel.write(folder, CONFIG, 1);
    int[] prompt = TestModel.tokens(CONFIG, 9, 1);
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      Generation answer = generate(engine, prompt, SamplingParams.greedy(30));
      assertThat(answer.tokenIds()).isNotEmpty();
      assertAnswerIsTheReferences(prompt, answer, true);
    }
  }

  @Test
  void logProbsOfSampledTokensAreTheModelsAtTemperatureOne() {
    TestModel.write(folder, TestModel.untied(CONFIG, CONFIG.heads()), 2);
    int[] prompt = TestModel.tokens(CONFIG, 5, 2);
    var params = SamplingParams.sampled(0.7, 3, 40).toBuilder().topK(20).topP(0.9).build();
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      Generation answer = generate(engine, prompt, params);
      assertAnswerIsTheReferences(prompt, answer, false);
      assertThat(engine.logProbs(List.of(concat(prompt, answer.tokenIds())))[0])
          .endsWith(answer.logProbs(), within(1e-4f));
    }
  }

  @Test
  void answerDoesNotDependOnTheBatch() {
    TestModel.write(folder, CONFIG, 3);
    List<int[]> prompts = new ArrayList<>();
    List<SamplingParams> params = new ArrayList<>();
    for (int i = 0; i < 70; i++) { // more than there are slots, some prompts twice, some long
      prompts.add(TestModel.tokens(CONFIG, i % 8 == 5 ? 200 : 1 + i % 13, i / 2));
      params.add(
          SamplingParams.sampled(0.5 + i % 3 / 2.0, i, 5 + i % 40).toBuilder()
              .topK(i % 2 * 30)
              .build());
    }
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      List<Generation> together = engine.generate(prompts, params);
      List<Generation> alone = new ArrayList<>();
      for (int i = 0; i < prompts.size(); i++) {
        alone.addAll(engine.generate(prompts.subList(i, i + 1), params.subList(i, i + 1)));
      }
      for (int i = 0; i < prompts.size(); i++) { // to the last bit
        assertThat(together.get(i).tokens()).isEqualTo(alone.get(i).tokens());
      }
    }
  }

  @Test
  void promptReadInChunksIsThePromptReadWhole() {
    TestModel.write(folder, CONFIG, 4);
    int[] prompt = TestModel.tokens(CONFIG, 2 * PromptReader.SHORT + 17, 4);
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      Generation answer = generate(engine, prompt, SamplingParams.greedy(10));
      assertAnswerIsTheReferences(prompt, answer, true);
    }
  }

  @Test
  void waitingAwakeChangesNoBit() {
    TestModel.write(folder, CONFIG, 15);
    int[] prompt = TestModel.tokens(CONFIG, 40, 15);
    SamplingParams params = SamplingParams.sampled(1, 15, 30);
    try (var engine = DecoderEngine.open(folder, OPTIONS);
        var awake = DecoderEngine.open(folder, OPTIONS.onDedicatedCores(true))) {
      assertThat(generate(awake, prompt, params).tokens())
          .isEqualTo(generate(engine, prompt, params).tokens());
    }
  }

  @Test
  void answerEndsWithAStopTokenAndContainsIt() {
    TestModel.write(folder, CONFIG, 5);
    int[] prompt = TestModel.tokens(CONFIG, 4, 5);
    List<int[]> prompts = new ArrayList<>();
    List<SamplingParams> params = new ArrayList<>();
    for (int seed = 0; seed < 32; seed++) {
      prompts.add(prompt);
      params.add(SamplingParams.sampled(2, seed, 200));
    }
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      List<Generation> answers = engine.generate(prompts, params);
      assertThat(answers)
          .anyMatch(answer -> answer.finishReason() == FinishReason.STOP)
          .allSatisfy(
              answer -> {
                int[] ids = answer.tokenIds();
                boolean stopped = answer.finishReason() == FinishReason.STOP;
                assertThat(ids).hasSizeLessThanOrEqualTo(200);
                assertThat(ids[ids.length - 1] == CONFIG.endTokenId()).isEqualTo(stopped);
                assertThat(ids).satisfies(all -> assertThat(zeros(all)).isEqualTo(stopped ? 1 : 0));
              });
    }
  }

  @Test
  void answerEndsWithAStopStringAcrossTokens() {
    ModelConfig config = TestModel.vocabulary(CONFIG, BpeVocabulary.FIRST_MERGE);
    TestModel.write(folder, config, 5);
    TestModel.writeTokenizer(folder);
    int[] prompt = {1, 2, 3};
    try (var engine = DecoderEngine.open(folder, OPTIONS);
        var tokenizer = Tokenizer.load(folder)) {
      int[] endless = generate(engine, prompt, SamplingParams.sampled(1.5, 3, 60)).tokenIds();
      String text = tokenizer.decode(endless);
      String stop = text.substring(10, 14);
      Generation stopped =
          generate(
              engine,
              prompt,
              SamplingParams.sampled(1.5, 3, 60).toBuilder().stop(List.of("none", stop)).build());
      assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(endless).startsWith(stopped.tokenIds());
      assertThat(tokenizer.decode(stopped.tokenIds())).endsWith(stop);
    }
  }

  @Test
  void answerEndsWhereTheContextDoes() {
    TestModel.write(folder, CONFIG, 6);
    int[] prompt = TestModel.tokens(CONFIG, 317, 6);
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      Generation answer = generate(engine, prompt, SamplingParams.greedy(50));
      assertThat(answer.tokenIds()).hasSizeLessThanOrEqualTo(3);
      assertAnswerIsTheReferences(prompt, answer, true);
    }
  }

  @Test
  void promptPastTheContextIsRefusedWithBothNumbers() {
    TestModel.write(folder, CONFIG, 7);
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      assertThatThrownBy(
              () ->
                  engine.submit(TestModel.tokens(CONFIG, 400, 1), SamplingParams.greedy(1), NOBODY))
          .isInstanceOfSatisfying(
              QuartetException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
          .hasMessageContaining("400 tokens")
          .hasMessageContaining("320");
    }
  }

  @Test
  void aSmallerContextEndsAnswersSoonerAndTakesLessMemory() {
    TestModel.write(folder, CONFIG, 5);
    int[] prompt = TestModel.tokens(CONFIG, 40, 5);
    DecoderOptions smaller = OPTIONS.withContextLimit(64);
    try (var whole = DecoderEngine.open(folder, OPTIONS);
        var less = DecoderEngine.open(folder, smaller)) {
      assertThat(less.contextLength()).isEqualTo(64);
      Generation answer = generate(less, prompt, SamplingParams.greedy(200));
      assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(answer.tokenIds()).hasSize(64 - prompt.length);
      assertThat(generate(whole, prompt, SamplingParams.greedy(200)).tokenIds())
          .startsWith(answer.tokenIds());
    }
    long layer = KvCache.bytesPerPosition(CONFIG) / CONFIG.layers(); // twice while it is copied
    long keysAndValues = OPTIONS.slots() * (KvCache.bytesPerPosition(CONFIG) + layer);
    long scores = 4L * PromptReader.ALONE * CONFIG.heads();
    assertThat(DecoderMemory.of(CONFIG, OPTIONS) - DecoderMemory.of(CONFIG, smaller))
        .isEqualTo((keysAndValues + scores) * (CONFIG.contextLength() - 64));
  }

  @Test
  void tokenOutsideTheVocabularyIsRefusedAndOthersAreAnswered() throws Exception {
    TestModel.write(folder, CONFIG, 8);
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      GenerationHandle good = engine.submit(new int[] {1, 2}, SamplingParams.greedy(20), NOBODY);
      assertThatThrownBy(() -> engine.submit(new int[] {1, 97}, SamplingParams.greedy(1), NOBODY))
          .hasMessageContaining("token 97 at place 1, expected 0 to 96");
      assertThatThrownBy(() -> engine.submit(new int[0], SamplingParams.greedy(1), NOBODY))
          .hasMessageContaining("empty");
      assertThat(good.await().tokenIds()).isNotEmpty();
    }
  }

  @Test
  void cancelledAnswerFreesItsOnlySlotForTheNext() throws Exception {
    TestModel.write(folder, CONFIG, 9);
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(1, 1))) {
      var begun = new CountDownLatch(3);
      var mayGoOn = new CountDownLatch(1);
      GenerationHandle first =
          engine.submit(
              new int[] {1, 2},
              endless(),
              token -> {
                begun.countDown();
                if (begun.getCount() == 0) {
                  awaitQuietly(mayGoOn);
                }
              });
      GenerationHandle second = engine.submit(new int[] {3}, SamplingParams.greedy(4), NOBODY);
      GenerationHandle waiting = engine.submit(new int[] {4}, SamplingParams.greedy(4), NOBODY);
      begun.await();
      first.cancel();
      waiting.cancel();
      mayGoOn.countDown();
      assertThat(first.await().finishReason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(first.await().tokenIds()).hasSize(3);
      assertThat(second.await().tokenIds()).isNotEmpty();
      assertThat(waiting.await().tokenIds()).isEmpty();
    }
  }

  @Test
  void listenerHearsEveryTokenAndItsFailureEndsItsAnswerAlone() throws Exception {
    TestModel.write(folder, CONFIG, 10);
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      List<Integer> heard = new ArrayList<>();
      GenerationHandle failing =
          engine.submit(
              new int[] {1},
              endless(),
              token -> {
                throw new IllegalStateException("reader gone");
              });
      GenerationHandle good =
          engine.submit(new int[] {1}, SamplingParams.greedy(12), token -> heard.add(token.id()));
      Generation answer = good.await();
      assertThat(heard).containsExactly(boxed(answer.tokenIds()));
      assertThatThrownBy(failing::await)
          .isInstanceOf(QuartetException.class)
          .hasMessageContaining("reader gone");
    }
  }

  private void assertAnswerIsTheReferences(int[] prompt, Generation answer, boolean likeliest) {
    int[] all = concat(prompt, answer.tokenIds());
    double[][] expected = new ReferenceModel(folder).logProbabilities(all);
    for (int i = 0; i < answer.tokenIds().length; i++) {
      double[] distribution = expected[prompt.length - 1 + i];
      int token = answer.tokenIds()[i];
      assertThat((double) answer.logProbs()[i]).isCloseTo(distribution[token], within(1e-4));
      if (likeliest) {
        for (double other : distribution) {
          assertThat(other).isLessThanOrEqualTo(distribution[token] + 1e-5);
        }
      }
    }
  }

  private static Generation generate(DecoderEngine engine, int[] prompt, SamplingParams params) {
    return engine.generate(List.of(prompt), List.of(params)).get(0);
  }

  private static SamplingParams endless() {
    return SamplingParams.sampled(1, 1, 300);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static int[] concat(int[] a, int[] b) {
    int[] all = java.util.Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static long zeros(int[] ids) {
    return java.util.Arrays.stream(ids).filter(id -> id == 0).count();
  }

  private static Integer[] boxed(int[] ids) {
    return java.util.Arrays.stream(ids).boxed().toArray(Integer[]::new);
  }
}
