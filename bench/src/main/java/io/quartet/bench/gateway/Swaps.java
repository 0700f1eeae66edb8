package io.quartet.bench.gateway;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** New weights while answers grow: who fails, and how long a stream stands still. */
final class Swaps {
  private static final int CLIENTS = 16;

  private final GatewayStack stack;
  private final SplittableRandom random = new SplittableRandom(4); // guarded by this

  Swaps(GatewayStack stack) {
    this.stack = stack;
  }

  void run(int swaps, Duration quiet) {
    List<StreamedAnswer> before = Collections.synchronizedList(new ArrayList<>());
    List<StreamedAnswer> during = Collections.synchronizedList(new ArrayList<>());
    under(before, () -> GatewayStack.pause(quiet));
    under(
        during,
        () -> {
          for (int step = 2; step < 2 + swaps; step++) {
            stack.announce(step);
            GatewayStack.pause(Duration.ofSeconds(1));
          }
        });
    System.out.println(
        "| %d streams | answers | failed | weights seen | longest gap, ms |".formatted(CLIENTS));
    System.out.println("|---|---:|---:|---:|---:|");
    System.out.println(row("no swap", before));
    System.out.println(row(swaps + " swaps", during));
  }

  private void under(List<StreamedAnswer> answers, Runnable meanwhile) {
    var over = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
      threads.execute(
          () -> {
            while (!over.get()) {
              answers.add(ask().end().join());
            }
          });
    }
    try {
      meanwhile.run();
    } finally {
      over.set(true);
      threads.shutdown();
    }
    try {
      threads.awaitTermination(5, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted", e);
    }
  }

  private synchronized StreamedAnswer ask() {
    return StreamedAnswer.ask(
        stack.channel(), StreamedAnswer.request(Streams.PROMPT, Streams.TOKENS, random), true);
  }

  private static String row(String name, List<StreamedAnswer> answers) {
    return "| %s | %d | %d | %d | %.0f |"
        .formatted(
            name,
            answers.size(),
            answers.stream().filter(answer -> !answer.status().isOk()).count(),
            answers.stream().map(StreamedAnswer::weights).distinct().count(),
            answers.stream().mapToDouble(StreamedAnswer::longestGapMillis).max().orElse(0));
  }
}
