package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.quartet.checkpoint.DataType;
import io.quartet.checkpoint.ModelConfig;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class NativeMemoryTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;
  private static final long MB = 1 << 20;

  @TempDir Path folder;

  @Test
  void closingGivesDirectMemoryBackAtOnce() {
    TestModel.write(folder, CONFIG, 1);
    long before = directMemory();
    for (int i = 0; i < 5; i++) {
      try (var engine = DecoderEngine.open(folder, new DecoderOptions(32, 1))) {
        generate(engine, 32, 300, i);
        // 7.5 MB of cache, less what the collector meanwhile frees of other tests' buffers.
        assertThat(directMemory()).isGreaterThan(before + 5 * MB);
      }
      // Its thread frees the cache; small temporary buffers wait for the collector.
      assertThat(directMemory()).isLessThan(before + MB);
    }
  }

  @Test
  void growingCacheIsNotInMemoryTwice() {
    long most = Runtime.getRuntime().maxMemory(); // of direct memory too
    assumeThat(most).isLessThan(2048 * MB); // or it takes long
    int positions = (int) (most * 6 / 10 / KvCache.bytesPerPosition(CONFIG));
    try (var cache = new KvCache(CONFIG.withContextLength(positions), 1)) {
      cache.reserve(1, positions / 10 * 9);
      cache.reserve(1, positions);
      assertThat(cache.positions()).isEqualTo(positions);
    }
  }

  @Test
  void scoredPromptTakesNoMoreMemoryThanPlanned() {
    ModelConfig config = TestModel.vocabulary(CONFIG, 80_000);
    TestModel.write(folder, config, 4);
    long before = directMemory();
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(1, 1))) {
      var params = SamplingParams.greedy(1).toBuilder().promptLogProbs(true).build();
      int[] prompt = TestModel.tokens(config, 300, 1); // 275 MB if its scores came all at once
      assertThat(engine.generate(List.of(prompt), List.of(params)).get(0).prompt()).hasSize(299);
      assertThat(directMemory()).isLessThan(before + 40 * MB);
    }
  }

  @Test
  void convertedWeightsAreGivenBackOnceOnnxRuntimeHasItsOwn() {
    TestModel.write(folder, TestModel.vocabulary(CONFIG, 80_000), 3, DataType.BF16);
    long before = directMemory();
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(1, 1))) {
      assertThat(directMemory()).isLessThan(before + 4 * MB); // 15 MB of embedding alone
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void residentMemoryStaysFlatOverThousandsOfAnswersAndManySwaps() throws IOException {
    TestModel.write(folder, CONFIG, 2);
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(32, 2))) {
      rounds(engine, 20); // the allocators' own reserves come first
      long before = residentMemory();
      rounds(engine, 40); // each with 8 MB of cache: 320 MB if that stayed
      assertThat(residentMemory() - before).isLessThan(100 * MB);
    }
  }

  private void rounds(DecoderEngine engine, int count) {
    for (int round = 0; round < count; round++) {
      generate(engine, 64, 24, round);
      int[] prompt = TestModel.tokens(CONFIG, 290, round);
      engine.generate(List.of(prompt), List.of(SamplingParams.greedy(30)));
      engine.logProbs(List.of(prompt));
      engine.swap(folder);
    }
  }

  private static void generate(DecoderEngine engine, int count, int maxTokens, int seed) {
    List<int[]> prompts = new ArrayList<>();
    List<SamplingParams> params = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      prompts.add(TestModel.tokens(CONFIG, 1 + i % 11, seed));
      params.add(SamplingParams.sampled(1, i, maxTokens));
    }
    engine.generate(prompts, params);
  }

  private static long directMemory() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  /** After a collection, which shrinks the heap and frees buffers that nobody holds any more. */
  private static long residentMemory() throws IOException {
    System.gc();
    return 1024
        * Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
            .sum();
  }
}
