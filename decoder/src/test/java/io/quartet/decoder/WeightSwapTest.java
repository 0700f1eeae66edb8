package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@org.junit.jupiter.api.Timeout(60)
class WeightSwapTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;
  private static final DecoderOptions OPTIONS = new DecoderOptions(32, 2);
  private static final TokenListener NOBODY = token -> {};

  @TempDir Path folder;

  @Test
  void swapEndsRunningAnswersOnTheOldWeightsAndBeginsNewOnesOnTheNew() throws Exception {
    Path old = TestModel.write(folder.resolve("old"), CONFIG, 11);
    Path changed = TestModel.write(folder.resolve("new"), CONFIG, 12);
    int[] prompt = TestModel.tokens(CONFIG, 6, 1);
    SamplingParams params = SamplingParams.sampled(1, 5, 60);
    Generation byOld;
    Generation byNew;
    try (var engine = DecoderEngine.open(old, OPTIONS);
        var other = DecoderEngine.open(changed, OPTIONS)) {
      byOld = generate(engine, prompt, params);
      byNew = generate(other, prompt, params);
    }
    try (var engine = DecoderEngine.open(old, OPTIONS)) {
      var begun = new CountDownLatch(2);
      GenerationHandle running = engine.submit(prompt, params, token -> begun.countDown());
      begun.await();
      engine.swap(changed);
      GenerationHandle next = engine.submit(prompt, params, NOBODY);
      assertThat(running.await().tokens()).isEqualTo(byOld.tokens());
      assertThat(next.await().tokens()).isEqualTo(byNew.tokens());
      assertThat(byNew.weights()).isNotEqualTo(byOld.weights());
      assertThat(engine.logProbs(List.of(concat(prompt, byNew.tokenIds())))[0])
          .endsWith(byNew.logProbs(), within(1e-4f));
    }
  }

  @Test
  void failedSwapLeavesTheOldWeights() {
    Path old = TestModel.write(folder.resolve("old"), CONFIG, 13);
    try (var engine = DecoderEngine.open(old, OPTIONS)) {
      assertThatThrownBy(() -> engine.swap(folder.resolve("none")))
          .isInstanceOf(QuartetException.class);
      assertThat(engine.weights()).isEqualTo(old.toString());
      assertThat(engine.generate(List.of(new int[] {1}), List.of(SamplingParams.greedy(2))))
          .hasSize(1);
    }
  }

  @Test
  void closingCancelsWhatRuns() throws Exception {
    TestModel.write(folder, CONFIG, 14);
    var begun = new CountDownLatch(1);
    GenerationHandle handle;
    try (var engine = DecoderEngine.open(folder, OPTIONS)) {
      handle = engine.submit(new int[] {1}, endless(), token -> begun.countDown());
      begun.await();
      engine.close();
      assertThatThrownBy(() -> engine.submit(new int[] {1}, endless(), NOBODY))
          .hasMessageContaining("closed");
    }
    assertThat(handle.done()).isTrue();
  }

  private static Generation generate(DecoderEngine engine, int[] prompt, SamplingParams params) {
    return engine.generate(List.of(prompt), List.of(params)).get(0);
  }

  private static SamplingParams endless() {
    return SamplingParams.sampled(1, 1, 300);
  }

  private static int[] concat(int[] a, int[] b) {
    return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
  }
}
