package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.ModelConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
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
  void runningAnswerGoesOnBetweenThePartsOfALongPrompt() throws Exception {
    int[] longPrompt = TestModel.tokens(CONFIG, 300, 1);
    int parts = (longPrompt.length + PromptReader.TURN - 1) / PromptReader.TURN;
    var events = new ConcurrentLinkedQueue<String>();
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(3, 1))) {
      var late = new CompletableFuture<List<GenerationHandle>>();
      GenerationHandle running =
          engine.submit(
              new int[] {1},
              ENDLESS,
              token -> {
                events.add("running");
                if (events.size() == 3) { // a moment that is the same in every run
                  List<GenerationRequest> requests =
                      List.of(
                          GenerationRequest.of(longPrompt, SamplingParams.greedy(1)),
                          GenerationRequest.of(new int[] {2}, SamplingParams.greedy(1)));
                  late.complete(
                      engine.submit(requests, i -> heard -> events.add(i == 0 ? "long" : "short")));
                }
              });
      for (GenerationHandle handle : late.get()) {
        handle.await();
      }
      running.cancel();
    }
    List<String> until =
        new ArrayList<>(events).subList(3, new ArrayList<>(events).indexOf("long"));
    assertThat(until).startsWith("short"); // it passes the long prompt by
    assertThat(until.subList(1, until.size()))
        .hasSizeGreaterThanOrEqualTo(parts - 1)
        .containsOnly("running");
  }

  @Test
  void samplesOfALongPromptBeginTogetherSinceItIsReadOnce() throws Exception {
    int[] prompt = TestModel.tokens(CONFIG, 300, 2);
    List<GenerationRequest> requests = new ArrayList<>();
    for (int seed = 0; seed < 4; seed++) {
      requests.add(GenerationRequest.of(prompt, SamplingParams.sampled(1, seed, 1)));
    }
    var events = new ConcurrentLinkedQueue<String>();
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(5, 1))) {
      GenerationHandle running =
          engine.submit(new int[] {1}, ENDLESS, token -> events.add("running"));
      for (GenerationHandle handle : engine.submit(requests, i -> token -> events.add("sample"))) {
        handle.await();
      }
      running.cancel();
    }
    List<String> all = List.copyOf(events);
    int first = all.indexOf("sample");
    assertThat(all.subList(first, first + 4)).containsOnly("sample");
  }

  @Test
  void batchPromptHalfReadLetsAnInteractiveOneGoFirst() throws Exception {
    var events = new ConcurrentLinkedQueue<String>();
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(3, 1))) {
      var late = new CompletableFuture<List<GenerationHandle>>();
      GenerationHandle running =
          engine.submit(
              new int[] {1},
              ENDLESS,
              token -> {
                events.add("running");
                if (events.size() == 3 || events.size() == 5) {
                  Priority priority = events.size() == 3 ? Priority.BATCH : Priority.INTERACTIVE;
                  var request =
                      new GenerationRequest(
                          TestModel.tokens(CONFIG, 300, events.size()),
                          SamplingParams.greedy(1),
                          priority,
                          Optional.empty());
                  var handles =
                      engine.submit(List.of(request), i -> heard -> events.add(priority.name()));
                  if (priority == Priority.BATCH) {
                    late.complete(handles);
                  }
                }
              });
      late.get().get(0).await();
      running.cancel();
    }
    assertThat(events.stream().filter(event -> !event.equals("running")))
        .containsExactly("INTERACTIVE", "BATCH");
  }

  @Test
  void cancelledAnswersGoBeforeTheNextToken() throws Exception {
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(2, 1))) {
      var handle = new CompletableFuture<GenerationHandle>();
      var heard = new AtomicLong();
      handle.complete(
          engine.submit(
              new int[] {1},
              ENDLESS,
              token -> {
                if (heard.incrementAndGet() == 4) {
                  handle.join().cancel();
                }
              }));
      assertThat(handle.join().await().tokens()).hasSize(4);
      assertThat(handle.join().await().finishReason()).isEqualTo(FinishReason.CANCELLED);
    }
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
          .isEqualTo(
              new Generation.Effort(
                  Duration.ZERO, Optional.of(Duration.ZERO), Optional.of(Duration.ofNanos(5)), 0));
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
      assertThat(ended.effort().prefill()).as("nobody read its prompt").isEmpty();
      assertThat(ended.effort().decode()).isEmpty();
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
