package io.quartet.model;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.model.PackedBatch.LastToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Peak memory of training in a process of its own: what the process held at most (VmHWM), less what
 * it held before there was a model.
 */
final class MeasuredTraining {
  static final int WORKERS = 2;
  static final int VOCABULARY = 4096;
  static final LoraConfig LORA = new LoraConfig(16, 32, LoraConfig.PROJECTIONS, 0);
  static final AdamW.Options OPTIONS = AdamW.Options.of(0);

  private MeasuredTraining() {}

  static ModelConfig config(int width, int layers, int length) {
    return new ModelConfig(
        Architecture.CAUSAL_LM,
        VOCABULARY,
        width,
        width * 8 / 3,
        layers,
        width / 64,
        width / 64,
        64,
        length,
        10_000,
        1e-5,
        true,
        0,
        0,
        5);
  }

  /**
   * The peak in bytes; the test ends here where the precision has no products.
   *
   * @param how full, lora or recompute; or score, which only reads
   */
  static long peak(String how, String precision, int width, int layers, int rows, int length)
      throws IOException, InterruptedException {
    assumeTrue(TorchRuntime.multiplies(Precision.valueOf(precision)));
    var environment = new HashMap<>(TorchRuntime.environment()); // as the services are started
    environment.put("QUARTET_DEVICE", "cpu"); // whose memory is the process's own
    String[] sizes =
        IntStream.of(width, layers, rows, length).mapToObj(String::valueOf).toArray(String[]::new);
    String[] arguments =
        Stream.concat(Stream.of(how, precision), Stream.of(sizes)).toArray(String[]::new);
    String out =
        ChildJvm.output(MeasuredTraining.class, List.of("-Xmx256m"), environment, arguments);
    return Long.parseLong(out.split(" ")[0]);
  }

  /**
   * Prints a process's peak in bytes.
   *
   * @param arguments those of {@link #peak}
   */
  public static void main(String[] arguments) throws IOException {
    String how = arguments[0];
    Precision precision = Precision.valueOf(arguments[1]);
    int rows = Integer.parseInt(arguments[4]);
    int length = Integer.parseInt(arguments[5]);
    ModelConfig config =
        config(Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]), length);
    try (Workers workers = TorchRuntime.configure(WORKERS)) {
      new CausalLm(Tiny.config(true), precision, 1); // loads libtorch
      long before = kibibytes("VmRSS");
      WeightSource weights = WeightSource.random(1);
      var model =
          new CausalLm(
              config,
              precision,
              how.equals("lora") ? WeightSource.adapted(weights, LORA, weights) : weights);
      if (how.equals("score")) {
        LogProbs.of(model, documents(rows, length), workers);
        System.out.println((kibibytes("VmHWM") - before) * 1024);
        return;
      }
      var trainer =
          new Trainer<>(
                  model, new AdamW(model, OPTIONS), LearningRateSchedule.constant(1e-4), 1, workers)
              .passing(new PassOptions(0, how.equals("recompute")));
      long start = System.nanoTime();
      for (int step = 0; step < 2; step++) {
        PackedBatch batch = batch(rows, length);
        trainer.step(batch.split(2), new CrossEntropyLoss(batch.targetWeight())::of);
      }
      System.out.printf(
          "%d bytes at most, %.2f s a step%n",
          (kibibytes("VmHWM") - before) * 1024, (System.nanoTime() - start) / 2e9);
    }
  }

  /** What {@link #peak} is planned to be. */
  static long planned(String how, String precision, int width, int layers, int rows, int length) {
    return TrainingMemory.of(
            config(width, layers, length),
            Precision.valueOf(precision),
            how.equals("lora") ? Optional.of(LORA) : Optional.empty(),
            OPTIONS,
            how.equals("recompute"),
            true,
            TrainingMemory.Step.ofRows(WORKERS, rows, length))
        .values()
        .stream()
        .mapToLong(Long::longValue)
        .sum();
  }

  private static PackedBatch batch(int rows, int length) {
    return PackedBatch.pack(documents(rows, length), length, LastToken.PREDICTED);
  }

  private static List<TokenSequence> documents(int rows, int length) {
    var documents = new ArrayList<TokenSequence>();
    for (int row = 0; row < rows; row++) {
      documents.add(
          TokenSequence.document(new SplittableRandom(row).ints(length, 6, VOCABULARY).toArray()));
    }
    return documents;
  }

  private static long kibibytes(String key) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(key + ":"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
