package io.quartet.bench.gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** The packaged gateway under load; prints the tables of {@code bench/README.md}. */
public final class GatewayBench {
  private static final int WAITING = 64;
  private static final int SLOW = 500;

  private GatewayBench() {}

  /**
   * Runs the scenarios that are named, all of them by default.
   *
   * @param arguments the project's root, then any of {@code streams}, {@code overload}, {@code
   *     swaps}, {@code slow}
   */
  public static void main(String[] arguments) throws IOException {
    Path project = Path.of(arguments[0]);
    List<String> scenarios = Arrays.asList(arguments).subList(1, arguments.length);
    for (String scenario :
        scenarios.isEmpty() ? List.of("streams", "overload", "swaps", "slow") : scenarios) {
      Path folder = Files.createTempDirectory("quartet-bench");
      int waiting = scenario.equals("slow") ? SLOW : WAITING;
      try (var stack = new GatewayStack(project, folder, Streams.STREAMS, waiting)) {
        System.out.printf("%n### %s (logs in %s)%n%n", scenario, folder);
        switch (scenario) {
          case "streams" -> new Streams(stack).run(10);
          case "overload" -> new Overload(stack, Duration.ofSeconds(20)).run();
          case "swaps" -> new Swaps(stack).run(5, Duration.ofSeconds(10));
          case "slow" -> new SlowReaders(stack).run(SLOW, Duration.ofMinutes(4));
          default ->
              throw new IllegalArgumentException(
                  "scenario '%s', expected streams, overload, swaps or slow".formatted(scenario));
        }
      }
      delete(folder);
    }
    System.exit(0); // gRPC's and Kafka's threads are nobody's business any more
  }

  private static void delete(Path folder) throws IOException {
    try (var tree = Files.walk(folder)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
