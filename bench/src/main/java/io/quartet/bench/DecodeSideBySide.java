package io.quartet.bench;

import io.quartet.checkpoint.GgufFile;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.decoder.DecoderMemory;
import io.quartet.decoder.Precision;
import io.quartet.model.TorchRuntime;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * Quartet and llama.cpp serve the same weights by turns, a round each, and the machine's roofs are
 * measured before every round. Prints one row of the table in {@code bench/README.md} for each
 * precision: medians over the rounds, and the medians of the rounds' ratios.
 */
public final class DecodeSideBySide {
  /** Rounds that do not count: a young process is slower, at the roofs too. */
  private static final int WARM_UP = 3;

  private final ModelConfig config;
  private final Path folder;
  private final int tokens;
  private final int rounds;
  private final Optional<Path> programs;

  private DecodeSideBySide(
      ModelConfig config, Path folder, int tokens, int rounds, Optional<Path> programs) {
    this.config = config;
    this.folder = folder;
    this.tokens = tokens;
    this.rounds = rounds;
    this.programs = programs;
  }

  /**
   * Runs the comparison of one shape.
   *
   * @param arguments the bench folder, a shape's name, an empty folder for the models, tokens of an
   *     answer, rounds, and the folder of llama.cpp's programs; without the last only Quartet runs
   */
  public static void main(String[] arguments) throws IOException {
    String shape = arguments[1];
    Path config = Path.of(arguments[0], "shapes", shape + ".json");
    var bench =
        new DecodeSideBySide(
            ModelConfig.read(config),
            Path.of(arguments[2]),
            Integer.parseInt(arguments[3]),
            Integer.parseInt(arguments[4]),
            arguments.length > 5 ? Optional.of(Path.of(arguments[5])) : Optional.empty());
    System.out.println(
        "| shape | precision | alone | llama.cpp | ratio | of bandwidth | 16 answers | llama.cpp"
            + " | ratio | prefill | llama.cpp | ratio | of fp32 GEMM |");
    System.out.println("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    bench.run(shape);
  }

  private void run(String shape) throws IOException {
    RandomModel.write(config, folder);
    Path full = folder.resolve("f32.gguf");
    if (programs.isPresent()) {
      GgufFile.write(folder, full);
    }
    try (var roofs = new RoofProcess()) {
      for (int round = 0; round < WARM_UP; round++) {
        roofs.measure();
      }
      for (Precision precision : Precision.values()) {
        Optional<LlamaCpp> peer = Optional.empty();
        if (programs.isPresent()) {
          peer = Optional.of(peer(programs.get(), full, precision));
        }
        print(shape, precision, peer, roofs);
      }
    }
  }

  private LlamaCpp peer(Path build, Path full, Precision precision) throws IOException {
    Optional<String> format =
        switch (precision) {
          case FP32 -> Optional.empty();
          case INT8 -> Optional.of("Q8_0");
          case INT4 -> Optional.of("Q4_0");
        };
    if (format.isEmpty()) {
      return new LlamaCpp(build, full, tokens);
    }
    Path file = folder.resolve(format.get() + ".gguf");
    LlamaCpp.quantize(build, full, file, format.get());
    return new LlamaCpp(build, file, tokens);
  }

  private void print(String shape, Precision precision, Optional<LlamaCpp> peer, RoofProcess roofs)
      throws IOException {
    List<DecodeRound> ours = new ArrayList<>();
    List<DecodeRound> theirs = new ArrayList<>();
    List<Double> bandwidths = new ArrayList<>();
    List<Double> products = new ArrayList<>();
    try (var quartet = new QuartetDecoder(folder, precision, tokens)) {
      for (int round = 0; round < WARM_UP; round++) {
        quartet.round();
      }
      for (int round = 0; round < rounds; round++) {
        double[] roof = roofs.measure();
        bandwidths.add(roof[0]);
        products.add(roof[1]);
        ours.add(quartet.round());
        if (peer.isPresent()) {
          theirs.add(peer.get().round());
        }
      }
    }
    double read = DecoderMemory.weights(config, precision) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "| %s | %s | %.0f | %s | %.0f %% of %.0f GB/s | %.0f | %s | %.0f | %s | %.0f %% of %.0f"
            + " GFLOP/s |%n",
        shape,
        precision.name().toLowerCase(Locale.ROOT),
        DecodeRound.median(ours, DecodeRound::alone),
        beside(ours, theirs, DecodeRound::alone),
        100 * read * ofRoof(ours, DecodeRound::alone, bandwidths),
        median(bandwidths),
        DecodeRound.median(ours, DecodeRound::together),
        beside(ours, theirs, DecodeRound::together),
        DecodeRound.median(ours, DecodeRound::prefill),
        beside(ours, theirs, DecodeRound::prefill),
        100 * flopsPerToken() / 1e9 * ofRoof(ours, DecodeRound::prefill, products),
        median(products));
  }

  /** The median over rounds of a figure over the roof that was measured before it. */
  private static double ofRoof(
      List<DecodeRound> rounds, ToDoubleFunction<DecodeRound> figure, List<Double> roofs) {
    List<Double> shares = new ArrayList<>();
    for (int i = 0; i < roofs.size(); i++) {
      shares.add(figure.applyAsDouble(rounds.get(i)) / roofs.get(i));
    }
    return median(shares);
  }

  private static String beside(
      List<DecodeRound> ours, List<DecodeRound> theirs, ToDoubleFunction<DecodeRound> figure) {
    if (theirs.isEmpty()) {
      return "– | –";
    }
    return String.format(
        Locale.ROOT,
        "%.0f | %.2f",
        DecodeRound.median(theirs, figure),
        DecodeRound.ratio(ours, theirs, figure));
  }

  /**
   * Of the blocks' matrix products and attention's two, over the keys that a token may see, the
   * mean of a prompt's tokens; the head reads its last only.
   */
  private double flopsPerToken() {
    double weights = config.parameters() - (double) config.vocabularySize() * config.hiddenSize();
    double keys = (DecodeRound.PREFILL + 1) / 2.0;
    double attention = 2.0 * config.layers() * config.heads() * config.headDimension() * keys;
    return 2 * (weights + attention);
  }

  private static double median(List<Double> values) {
    return Side.median(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** {@link Roofs}, which sleeps between measurements. */
  private static final class RoofProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;
    private final Writer input;

    RoofProcess() throws IOException {
      List<String> command =
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-Xmx512m",
              Roofs.class.getName());
      var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
      builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
      builder.environment().putAll(TorchRuntime.environment());
      process = builder.start();
      output = process.inputReader();
      input = process.outputWriter();
    }

    /** GB/s and GFLOP/s. */
    double[] measure() throws IOException {
      input.write("go\n");
      input.flush();
      String line = output.readLine();
      if (line == null) {
        throw new IOException("the process that measures the roofs ended");
      }
      return java.util.Arrays.stream(line.split(" ", -1))
          .mapToDouble(Double::parseDouble)
          .toArray();
    }

    @Override
    public void close() throws IOException {
      try {
        input.close();
      } finally {
        process.destroy();
      }
    }
  }
}
