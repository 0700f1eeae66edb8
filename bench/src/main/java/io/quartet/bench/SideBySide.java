package io.quartet.bench;

import io.quartet.model.TorchRuntime;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Quartet and PyTorch train the same shape by turns, a round each, so that whatever else the
 * machine does falls on both. Prints one row of the table in {@code bench/README.md}: medians over
 * the rounds, and the median of the rounds' ratios.
 */
public final class SideBySide {
  private SideBySide() {}

  /**
   * Runs the comparison.
   *
   * @param arguments the bench folder, a shape's name, precision, rows, steps of a round, rounds,
   *     the Python that has torch, and the peer's modes ({@code sdpa}, {@code written}, {@code
   *     compiled}) separated by commas; without the last two only Quartet runs
   */
  public static void main(String[] arguments) {
    Path bench = Path.of(arguments[0]);
    String shape = arguments[1];
    String precision = arguments[2];
    String rows = arguments[3];
    String steps = arguments[4];
    int rounds = Integer.parseInt(arguments[5]);
    String config = bench.resolve("shapes").resolve(shape + ".json").toString();
    var sides = new ArrayList<Side>();
    try {
      sides.add(ours(List.of(config, precision, rows, steps)));
      if (arguments.length > 7) {
        String script = bench.resolve("peer/train_bench.py").toString();
        for (String mode : arguments[7].split(",", -1)) {
          sides.add(
              new Side(
                  mode,
                  List.of(arguments[6], script, config, precision, rows, steps, mode),
                  Map.of()));
        }
      }
      for (int round = 0; round <= rounds; round++) {
        for (Side side : sides) {
          side.run(round > 0);
        }
      }
      print(shape, precision, sides);
    } finally {
      sides.forEach(Side::close);
    }
  }

  private static Side ours(List<String> arguments) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(TrainingRounds.class.getName());
    command.addAll(arguments);
    return new Side("Quartet", command, TorchRuntime.environment());
  }

  private static void print(String shape, String precision, List<Side> sides) {
    Side ours = sides.get(0);
    System.out.println(
        "| shape | precision | Quartet tokens/s | per CPU-second | PyTorch | tokens/s"
            + " | per CPU-second | ratio | ratio per CPU-second | GEMM roof, GFLOP/s | share"
            + " | share per CPU-second |");
    System.out.println("|---|---|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|");
    String roof =
        "%.0f | %.0f %% | %.0f %%"
            .formatted(
                ours.median(Round::roof),
                100 * ours.median(Round::share),
                100 * ours.median(Round::shareOfCpuTime));
    if (sides.size() == 1) {
      row(shape, precision, ours, "– | – | – | – | –", roof);
    }
    for (Side peer : sides.subList(1, sides.size())) {
      String figures =
          String.format(
              Locale.ROOT,
              "%s | %.0f | %.0f | %.2f | %.2f",
              peer.name(),
              peer.median(Round::tokensPerSecond),
              peer.median(Round::tokensPerCpuSecond),
              ratio(ours, peer, false),
              ratio(ours, peer, true));
      row(shape, precision, ours, figures, roof);
    }
    for (Side side : sides) {
      System.out.printf(
          Locale.ROOT,
          "%s: loss after all rounds %.4f%n",
          side.name(),
          side.rounds().get(side.rounds().size() - 1).loss());
    }
  }

  private static void row(String shape, String precision, Side ours, String peer, String roof) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %s | %.0f | %.0f | %s | %s |%n",
        shape,
        precision,
        ours.median(Round::tokensPerSecond),
        ours.median(Round::tokensPerCpuSecond),
        peer,
        roof);
  }

  private static double ratio(Side ours, Side peer, boolean cpu) {
    double[] ratios = new double[ours.rounds().size()];
    for (int i = 0; i < ratios.length; i++) {
      Round mine = ours.rounds().get(i);
      Round other = peer.rounds().get(i);
      ratios[i] =
          cpu
              ? mine.tokensPerCpuSecond() / other.tokensPerCpuSecond()
              : mine.tokensPerSecond() / other.tokensPerSecond();
    }
    return Side.median(ratios);
  }
}
