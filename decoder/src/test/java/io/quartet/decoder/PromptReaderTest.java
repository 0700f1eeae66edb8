package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose prompt is read first while a long one is read in parts. */
@org.junit.jupiter.api.Timeout(60)
class PromptReaderTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;
  private static final SamplingParams ENDLESS =
      SamplingParams.sampled(1, 1, 300).toBuilder().logitBias(Map.of(0, -100f)).build();

  @TempDir Path folder;

  @BeforeEach
  void write() {
    TestModel.write(folder, CONFIG, 31);
  }

  @Test
  void shortRestOfAKnownPromptPassesALongPromptBy() throws Exception {
    int[] system = TestModel.tokens(CONFIG, 64, 3);
    try (var engine = DecoderEngine.open(folder, withPrefixCache(3))) {
      engine.generate(List.of(system), List.of(SamplingParams.greedy(1)));
      List<String> order =
          orderBehindALongPrompt(
              engine,
              Map.of(3, List.of(chat(system, Priority.INTERACTIVE), chat(system, Priority.BATCH))));
      assertThat(engine.load().totals().prefixHit()).isEqualTo(2 * system.length);
      assertThat(order).containsExactly("INTERACTIVE 72", "BATCH 72", "INTERACTIVE 300");
    }
  }

  @Test
  void lastFreeSlotIsAnInteractiveRequestsHoweverItIsRead() throws Exception {
    int[] system = TestModel.tokens(CONFIG, 64, 3);
    try (var engine = DecoderEngine.open(folder, withPrefixCache(3))) {
      engine.generate(List.of(system), List.of(SamplingParams.greedy(1)));
      List<String> order =
          orderBehindALongPrompt(
              engine,
              Map.of(4, List.of(request(Priority.BATCH, 2), chat(system, Priority.INTERACTIVE))));
      assertThat(order).startsWith("INTERACTIVE 72", "BATCH 1");
    }
  }

  @Test
  void batchRequestBeginsWhenNoInteractiveOneWaits() throws Exception {
    try (var engine = DecoderEngine.open(folder, withPrefixCache(4))) {
      List<String> order =
          orderBehindALongPrompt(
              engine,
              Map.of(
                  4,
                  List.of(
                      request(Priority.BATCH, 2),
                      prompt(TestModel.tokens(CONFIG, 299, 5), Priority.INTERACTIVE))));
      assertThat(order).startsWith("INTERACTIVE 300");
    }
  }

  /**
   * Who ends in which order, by priority and prompt length, when a long prompt comes while an
   * answer grows, which is its third token, and others with later tokens.
   */
  private static List<String> orderBehindALongPrompt(
      DecoderEngine engine, Map<Integer, List<GenerationRequest>> others) throws Exception {
    var order = new ConcurrentLinkedQueue<String>();
    var handles = new ConcurrentLinkedQueue<GenerationHandle>();
    var asked = new CountDownLatch(2);
    var tokens = new AtomicLong();
    GenerationHandle running =
        engine.submit(
            new int[] {1},
            ENDLESS,
            token -> {
              int heard = (int) tokens.incrementAndGet();
              List<GenerationRequest> requests = new ArrayList<>();
              if (heard == 3) {
                requests.add(prompt(TestModel.tokens(CONFIG, 300, 1), Priority.INTERACTIVE));
              }
              requests.addAll(others.getOrDefault(heard, List.of()));
              if (!requests.isEmpty()) {
                handles.addAll(
                    engine.submit(
                        requests,
                        i ->
                            answer ->
                                order.add(
                                    requests.get(i).priority()
                                        + " "
                                        + requests.get(i).prompt().length)));
              }
              if (heard == 3 || heard == 4) {
                asked.countDown();
              }
            });
    asked.await();
    for (GenerationHandle handle : handles) {
      handle.await();
    }
    running.cancel();
    return List.copyOf(order);
  }

  /** What a chat says behind a system prompt. */
  private static GenerationRequest chat(int[] system, Priority priority) {
    int[] rest = TestModel.tokens(CONFIG, 8, priority.ordinal());
    return prompt(IntStream.concat(Arrays.stream(system), Arrays.stream(rest)).toArray(), priority);
  }

  private static DecoderOptions withPrefixCache(int slots) {
    return new DecoderOptions(slots, 1).withPrefixCache(1 << 20);
  }

  private static GenerationRequest request(Priority priority, int token) {
    return prompt(new int[] {token}, priority);
  }

  private static GenerationRequest prompt(int[] prompt, Priority priority) {
    return new GenerationRequest(prompt, SamplingParams.greedy(1), priority, Optional.empty());
  }
}
