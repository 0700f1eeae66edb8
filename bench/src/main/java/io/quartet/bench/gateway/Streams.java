package io.quartet.bench.gateway;

import io.quartet.bench.Round;
import io.quartet.bench.Side;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** {@value #STREAMS} gRPC streams beside the engine alone, by turns. */
final class Streams {
  static final int STREAMS = 32;
  static final int PROMPT = 32;
  static final int TOKENS = 128;

  /** Answers and rounds before those that count: until then the JVM compiles what is hot. */
  private static final int WARM_UP_ANSWERS = 5000;

  private static final int WARM_UP_ROUNDS = 15;

  /** Answers that are alone, for the time to the first token. */
  static final int ALONE = 40;

  private final GatewayStack stack;
  private final SplittableRandom random = new SplittableRandom(2);

  Streams(GatewayStack stack) {
    this.stack = stack;
  }

  void run(int rounds) {
    List<Round> ours = new ArrayList<>();
    for (int i = 0; i < WARM_UP_ANSWERS; i++) {
      ask(1).end().join();
    }
    try (var engine = engine()) {
      for (int i = -WARM_UP_ROUNDS; i < rounds; i++) {
        engine.run(i >= 0);
        Round round = round();
        if (i >= 0) {
          ours.add(round);
        }
      }
      List<Round> alone = engine.rounds();
      System.out.println("| | engine alone | through the gateway | |");
      System.out.println("|---|---:|---:|---:|");
      System.out.printf(
          "| tokens/s of %d streams | %.0f | %.0f | %.2f |%n",
          STREAMS,
          median(alone.stream().mapToDouble(Round::tokensPerSecond)),
          median(ours.stream().mapToDouble(Round::tokensPerSecond)),
          median(ratios(ours, alone)));
      System.out.printf(
          "| ms to the first token, nobody else there | %.2f | %.2f | +%.2f |%n",
          median(alone.stream().mapToDouble(Round::loss)),
          median(ours.stream().mapToDouble(Round::loss)),
          median(
              java.util.stream.IntStream.range(0, ours.size())
                  .mapToDouble(i -> ours.get(i).loss() - alone.get(i).loss())));
    }
  }

  private Side engine() {
    return new Side(
        "engine",
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
            EngineRounds.class.getName(),
            stack.weights(1).toString()),
        // Not as an argument: ONNX Runtime does not load in a process with so long a command line.
        Map.of("CLASSPATH", System.getProperty("java.class.path")));
  }

  private Round round() {
    double[] first = new double[ALONE];
    for (int i = 0; i < ALONE; i++) {
      first[i] = ask(1).end().join().firstTokenMillis();
    }
    long begun = System.nanoTime();
    List<StreamedAnswer> answers = Stream.generate(() -> ask(TOKENS)).limit(STREAMS).toList();
    int tokens = answers.stream().mapToInt(answer -> answer.end().join().tokens()).sum();
    double seconds = (System.nanoTime() - begun) / 1e9;
    Arrays.sort(first);
    return new Round(tokens / seconds, 0, 0, 0, first[ALONE / 2]);
  }

  private StreamedAnswer ask(int most) {
    return StreamedAnswer.ask(stack.channel(), StreamedAnswer.request(PROMPT, most, random), true);
  }

  private static java.util.stream.DoubleStream ratios(List<Round> ours, List<Round> alone) {
    return java.util.stream.IntStream.range(0, ours.size())
        .mapToDouble(i -> ours.get(i).tokensPerSecond() / alone.get(i).tokensPerSecond());
  }

  private static double median(java.util.stream.DoubleStream values) {
    return Side.median(values.toArray());
  }
}
