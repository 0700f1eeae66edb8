package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@org.junit.jupiter.api.Timeout(60)
class PrefixCacheTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;
  private static final long BLOCK_BYTES = PrefixCache.BLOCK * KvCache.bytesPerPosition(CONFIG);
  private static final DecoderOptions OPTIONS = new DecoderOptions(8, 2);

  @TempDir Path folder;

  @Test
  void answerAfterACachedPrefixHasTheBitsOfTheUncachedOne() {
    TestModel.write(folder, CONFIG, 41);
    List<int[]> prompts = new ArrayList<>();
    for (int shared : new int[] {0, 31, 32, 33, 64, 100, 160, 161, 162, 163}) {
      for (int rest : new int[] {1, 2, 3, 70}) {
        prompts.add(prompt(shared, rest));
      }
    }
    List<Generation> uncached;
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      uncached = oneByOne(engine, prompts);
      assertThat(engine.load().totals().prefixQueried()).isZero();
    }
    try (var engine = DecoderEngine.open(folder, OPTIONS.withPrefixCache(100 * BLOCK_BYTES))) {
      oneByOne(engine, List.of(prompt(165, 1)));
      List<Generation> cached = oneByOne(engine, prompts);
      for (int i = 0; i < prompts.size(); i++) {
        assertThat(cached.get(i).tokens()).isEqualTo(uncached.get(i).tokens());
      }
      assertThat(engine.load().totals().prefixHit())
          .isEqualTo(cached.stream().mapToInt(one -> one.effort().cachedPromptTokens()).sum());
    }
  }

  @Test
  void laterTurnReadsOnlyWhatTheEarlierOnesHaveNot() {
    TestModel.write(folder, CONFIG, 42);
    try (var engine = DecoderEngine.open(folder, OPTIONS.withPrefixCache(100 * BLOCK_BYTES))) {
      int[] first = prompt(70, 0);
      Generation answer = oneByOne(engine, List.of(first)).get(0);
      int[] second = concat(concat(first, answer.tokenIds()), prompt(40, 0));
      int[] third = concat(second, prompt(9, 0));
      List<Generation> later = oneByOne(engine, List.of(second, third));
      assertThat(later.get(0).effort().cachedPromptTokens()).isEqualTo(64);
      assertThat(later.get(1).effort().cachedPromptTokens())
          .isEqualTo(second.length / PrefixCache.BLOCK * PrefixCache.BLOCK);
      assertThat(engine.load().totals().prefixQueried())
          .isEqualTo(first.length + second.length + third.length);
    }
  }

  @Test
  void oldestBlocksMakeRoomAndTheBytesStayBounded() {
    TestModel.write(folder, CONFIG, 43);
    int[] one = TestModel.tokens(CONFIG, 100, 1);
    int[] other = TestModel.tokens(CONFIG, 100, 2);
    try (var engine = DecoderEngine.open(folder, OPTIONS.withPrefixCache(4 * BLOCK_BYTES))) {
      List<Generation> answers = oneByOne(engine, List.of(one, one, other, other, one));
      assertThat(answers.stream().map(answer -> answer.effort().cachedPromptTokens()))
          .containsExactly(0, 96, 0, 96, 32); // the other took three blocks, the last ones first
    }
  }

  @Test
  void askingWhatIsKnownLeavesTheBeginningTheLastToGo() {
    TestModel.write(folder, CONFIG, 47);
    int[] one = TestModel.tokens(CONFIG, 96, 1);
    try (var session = DecoderSession.open(ModelFiles.of(folder), new DecoderOptions(1, 1));
        var cache = new PrefixCache(CONFIG, 4 * BLOCK_BYTES)) {
      session.reserve(1, 100);
      cache.store(one, one.length, session, 0);
      assertThat(cache.match(one, one.length)).isEqualTo(96);
      cache.store(TestModel.tokens(CONFIG, 96, 2), 96, session, 0);
      assertThat(cache.match(one, one.length)).isEqualTo(32);
    }
  }

  @Test
  void swappedWeightsReadAgainWhatTheOldOnesKnew() {
    Path old = TestModel.write(folder.resolve("old"), CONFIG, 44);
    Path changed = TestModel.write(folder.resolve("new"), CONFIG, 45);
    int[] prompt = TestModel.tokens(CONFIG, 100, 1);
    try (var engine = DecoderEngine.open(old, OPTIONS.withPrefixCache(100 * BLOCK_BYTES));
        var fresh = DecoderEngine.open(changed, OPTIONS)) {
      oneByOne(engine, List.of(prompt));
      engine.swap(changed);
      Generation swapped = oneByOne(engine, List.of(prompt)).get(0);
      assertThat(swapped.effort().cachedPromptTokens()).isZero();
      assertThat(swapped.tokens()).isEqualTo(oneByOne(fresh, List.of(prompt)).get(0).tokens());
    }
  }

  @Test
  void scoredPromptIsReadWhole() {
    TestModel.write(folder, CONFIG, 46);
    int[] prompt = TestModel.tokens(CONFIG, 100, 1);
    var params = SamplingParams.greedy(2).toBuilder().promptLogProbs(true).build();
    try (var engine = DecoderEngine.open(folder, OPTIONS.withPrefixCache(100 * BLOCK_BYTES))) {
      Generation first = engine.generate(List.of(prompt), List.of(params)).get(0);
      Generation again = engine.generate(List.of(prompt), List.of(params)).get(0);
      assertThat(again.prompt()).hasSize(99).isEqualTo(first.prompt());
      assertThat(engine.load().totals().prefixQueried()).isZero();
    }
  }

  @Test
  void promptThatIsReadForSeveralIsLookedForOnce() {
    TestModel.write(folder, CONFIG, 48);
    List<int[]> prompts = Collections.nCopies(3, prompt(100, 0));
    List<SamplingParams> params = Collections.nCopies(3, SamplingParams.greedy(2));
    try (var engine = DecoderEngine.open(folder, OPTIONS.withPrefixCache(100 * BLOCK_BYTES))) {
      engine.generate(prompts, params);
      engine.generate(prompts, params);
      EngineLoad.Totals totals = engine.load().totals();
      assertThat(List.of(totals.prompt(), totals.prefixQueried(), totals.prefixHit()))
          .containsExactly(600L, 200L, 96L);
    }
  }

  private static List<Generation> oneByOne(DecoderEngine engine, List<int[]> prompts) {
    SamplingParams params = SamplingParams.sampled(1, 7, 12);
    return prompts.stream()
        .map(prompt -> engine.generate(List.of(prompt), List.of(params)).get(0))
        .toList();
  }

  /** The beginning of one long text, and a rest of its own. */
  private static int[] prompt(int shared, int rest) {
    int[] text = TestModel.tokens(CONFIG, 200, 9);
    return concat(Arrays.copyOf(text, shared), TestModel.tokens(CONFIG, rest, 100 + rest));
  }

  private static int[] concat(int[] a, int[] b) {
    return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
  }
}
