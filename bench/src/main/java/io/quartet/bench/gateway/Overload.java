package io.quartet.bench.gateway;

import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Three times the requests that the gateway can answer: what still comes out whole. */
final class Overload {
  private final GatewayStack stack;
  private final Duration length;
  private final SplittableRandom random = new SplittableRandom(3); // guarded by this

  Overload(GatewayStack stack, Duration length) {
    this.stack = stack;
    this.length = length;
  }

  void run() {
    Load peak = closedLoop(Streams.STREAMS);
    Load flood = openLoop(3 * peak.answered() / seconds());
    System.out.println(
        "| | requests/s | answered in time | refused | failed | goodput, tokens/s"
            + " | ms to a refusal, median / 99 % |");
    System.out.println("|---|---:|---:|---:|---:|---:|---:|");
    System.out.println(row(Streams.STREAMS + " clients, one request each at a time", peak));
    System.out.println(row("three times as many requests", flood));
    System.out.printf("goodput ratio %.2f%n", flood.tokens() / (double) peak.tokens());
  }

  /** Clients that ask again as soon as they are answered. */
  private Load closedLoop(int clients) {
    long end = System.nanoTime() + length.toNanos();
    List<StreamedAnswer> asked = Collections.synchronizedList(new ArrayList<>());
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    for (int i = 0; i < clients; i++) {
      threads.execute(
          () -> {
            while (System.nanoTime() < end) {
              asked.add(ask().end().join());
            }
          });
    }
    threads.shutdown();
    try {
      threads.awaitTermination(5, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted", e);
    }
    return new Load(asked, end);
  }

  /** Requests that come whatever has become of the others (Poisson). */
  private Load openLoop(double perSecond) {
    List<StreamedAnswer> asked = new ArrayList<>();
    long begun = System.nanoTime();
    long end = begun + length.toNanos();
    double next = 0;
    while (next < seconds()) {
      long wait = begun + (long) (next * 1e9) - System.nanoTime();
      if (wait > 1_000_000) {
        GatewayStack.pause(Duration.ofNanos(wait));
      }
      asked.add(ask());
      synchronized (this) {
        next -= Math.log(1 - random.nextDouble()) / perSecond;
      }
    }
    asked.forEach(answer -> answer.end().join());
    return new Load(asked, end);
  }

  private synchronized StreamedAnswer ask() {
    return StreamedAnswer.ask(
        stack.channel(), StreamedAnswer.request(Streams.PROMPT, Streams.TOKENS, random), true);
  }

  private double seconds() {
    return length.toMillis() / 1e3;
  }

  private String row(String name, Load load) {
    double[] refusals = load.refusals();
    return "| %s | %.1f | %d | %d | %d | %.0f | %s |"
        .formatted(
            name,
            load.asked().size() / seconds(),
            load.answered(),
            refusals.length,
            load.failed(),
            load.tokens() / seconds(),
            refusals.length == 0
                ? "–"
                : "%.1f / %.1f"
                    .formatted(
                        refusals[refusals.length / 2], refusals[refusals.length * 99 / 100]));
  }

  /** What was asked, and the end of the time that counts. */
  private record Load(List<StreamedAnswer> asked, long end) {
    long answered() {
      return asked.stream().filter(answer -> answer.wholeBefore(end)).count();
    }

    long tokens() {
      return asked.stream()
          .filter(answer -> answer.wholeBefore(end))
          .mapToLong(StreamedAnswer::tokens)
          .sum();
    }

    double[] refusals() {
      return asked.stream()
          .filter(answer -> answer.status().getCode() == Status.Code.RESOURCE_EXHAUSTED)
          .mapToDouble(StreamedAnswer::wholeMillis)
          .sorted()
          .toArray();
    }

    long failed() {
      return asked.stream().filter(answer -> !answer.status().isOk()).count() - refusals().length;
    }
  }
}
