package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.ModelConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@org.junit.jupiter.api.Timeout(60)
class SchedulingTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;
  private static final TokenListener NOBODY = token -> {};
  private static final SamplingParams ENDLESS =
      SamplingParams.sampled(1, 1, 300).toBuilder().logitBias(java.util.Map.of(0, -100f)).build();

  @TempDir Path folder;

  @BeforeEach
  void write() {
    TestModel.write(folder, CONFIG, 31);
  }

  @Test
  void interactiveRequestsGoBeforeBatchRequestsThatCameEarlier() throws Exception {
    var order = new ConcurrentLinkedQueue<String>();
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(1, 1))) {
      var gate = new CountDownLatch(1);
      GenerationHandle running = engine.submit(new int[] {1}, ENDLESS, token -> await(gate));
      List<GenerationHandle> waiting =
          engine.submit(
              List.of(
                  request(Priority.BATCH, 2),
                  request(Priority.BATCH, 3),
                  request(Priority.INTERACTIVE, 4),
                  request(Priority.INTERACTIVE, 5)),
              i -> token -> order.add("request " + i));
      running.cancel();
      gate.countDown();
      for (GenerationHandle handle : waiting) {
        handle.await();
      }
    }
    assertThat(order).containsExactly("request 2", "request 3", "request 0", "request 1");
  }

  @Test
  void timeLimitEndsAnAnswerWithWhatItHas() throws Exception {
    var clock = new AtomicLong();
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(2, 1), clock::get)) {
      var limited =
          new GenerationRequest(
              new int[] {1}, ENDLESS, Priority.INTERACTIVE, Optional.of(Duration.ofNanos(5)));
      GenerationHandle limit =
          engine.submit(List.of(limited), i -> token -> clock.incrementAndGet()).get(0);
      assertThat(limit.await().finishReason()).isEqualTo(FinishReason.TIME_LIMIT);
      assertThat(limit.await().tokens()).hasSize(5);
      assertThat(limit.await().effort())
          .isEqualTo(new Generation.Effort(Duration.ZERO, Duration.ZERO, Duration.ofNanos(5), 0));
    }
  }

  @Test
  void requestWhoseTimeIsOverWhileItWaitsEndsWithoutTokens() throws Exception {
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(1, 1))) {
      GenerationHandle running = engine.submit(new int[] {1}, ENDLESS, NOBODY);
      var late =
          new GenerationRequest(
              new int[] {2}, ENDLESS, Priority.INTERACTIVE, Optional.of(Duration.ZERO));
      Generation ended = engine.submit(List.of(late), i -> NOBODY).get(0).await();
      assertThat(ended.finishReason()).isEqualTo(FinishReason.TIME_LIMIT);
      assertThat(ended.tokens()).isEmpty();
      running.cancel();
    }
  }

  @Test
  void loadCountsWhatRunsWhatWaitsAndWhatWasDone() throws Exception {
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(1, 1))) {
      var begun = new CountDownLatch(3);
      var gate = new CountDownLatch(1);
      GenerationHandle running =
          engine.submit(
              new int[] {1, 2, 3, 4},
              ENDLESS,
              token -> {
                begun.countDown();
                if (begun.getCount() == 0) {
                  await(gate);
                }
              });
      GenerationHandle waiting = engine.submit(new int[] {5, 6}, SamplingParams.greedy(1), NOBODY);
      begun.await();
      EngineLoad busy = engine.load();
      assertThat(busy)
          .isEqualTo(new EngineLoad(1, 1, 2, 5, 320, new EngineLoad.Totals(4, 3, 0, 0)));
      running.cancel();
      gate.countDown();
      waiting.await();
      assertThat(engine.load().totals().prompt()).isEqualTo(6);
      assertThat(engine.load().waiting()).isZero();
    }
  }

  private static GenerationRequest request(Priority priority, int token) {
    return new GenerationRequest(
        new int[] {token}, SamplingParams.greedy(1), priority, Optional.empty());
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
