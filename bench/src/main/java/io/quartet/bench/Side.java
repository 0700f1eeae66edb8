package io.quartet.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** A process that runs a round when it is told to and sleeps in between. */
public final class Side implements AutoCloseable {
  private final String name;
  private final Process process;
  private final BufferedReader output;
  private final Writer input;
  private final List<Round> rounds = new ArrayList<>();

  public Side(String name, List<String> command, Map<String, String> environment) {
    this.name = name;
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment);
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    output = process.inputReader();
    input = process.outputWriter();
  }

  public String name() {
    return name;
  }

  /** Runs a round; the first one only warms up. */
  public void run(boolean keep) {
    try {
      input.write("go\n");
      input.flush();
      String line = output.readLine();
      while (line != null && !Round.is(line)) {
        line = output.readLine();
      }
      if (line == null) {
        throw new IllegalStateException(name + " ended, expected a round");
      }
      if (keep) {
        rounds.add(Round.parse(line));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public List<Round> rounds() {
    return rounds;
  }

  /** The median over the rounds. */
  public double median(ToDoubleFunction<Round> figure) {
    return median(rounds.stream().mapToDouble(figure).toArray());
  }

  public static double median(double... values) {
    double[] sorted = values.clone();
    java.util.Arrays.sort(sorted);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  @Override
  public void close() {
    try {
      input.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      process.destroy();
    }
  }
}
