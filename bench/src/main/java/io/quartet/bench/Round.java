package io.quartet.bench;

import java.util.Arrays;
import java.util.Locale;

/**
 * What one side measured in one round, as one line.
 *
 * @param tokensPerSecond of the median step
 * @param tokensPerCpuSecond over all steps
 * @param flopsPerToken of the model's matrix products, forward and backward; 0 if not counted
 * @param roof GFLOP/s of a plain matrix product in the same process; 0 if not measured
 * @param loss the last step's
 */
public record Round(
    double tokensPerSecond,
    double tokensPerCpuSecond,
    double flopsPerToken,
    double roof,
    double loss) {
  /** What both sides run on. */
  public static final int THREADS = 2;

  private static final String WORD = "round";

  /** Whether a line is a round's. */
  public static boolean is(String line) {
    return line.startsWith(WORD + " ");
  }

  public static Round parse(String line) {
    double[] figures =
        Arrays.stream(line.split(" ", -1)).skip(1).mapToDouble(Double::parseDouble).toArray();
    return new Round(figures[0], figures[1], figures[2], figures[3], figures[4]);
  }

  /** The share of the roof that the median step reached. */
  public double share() {
    return tokensPerSecond * flopsPerToken / 1e9 / roof;
  }

  /** The same if no processor had been taken away: of the roof of {@link #THREADS} of them. */
  public double shareOfCpuTime() {
    return tokensPerCpuSecond * THREADS * flopsPerToken / 1e9 / roof;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s %.1f %.1f %.0f %.1f %.6f",
        WORD,
        tokensPerSecond,
        tokensPerCpuSecond,
        flopsPerToken,
        roof,
        loss);
  }
}
