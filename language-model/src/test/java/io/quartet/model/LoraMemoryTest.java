package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.model.PackedBatch.LastToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * Peak memory of training with adapters beside that of training every weight, each in a process of
 * its own: what the process held at most (VmHWM), less what it held before there was a model.
 */
@EnabledOnOs(OS.LINUX)
class LoraMemoryTest {
  @Test
  void adaptersNeedLessThanHalfTheMemoryAtTheSameBatch() throws Exception {
    long full = peak("full", "384", "6", "16", "256");
    long lora = peak("lora", "384", "6", "16", "256");

    assertThat((double) lora / full).isLessThanOrEqualTo(0.45);
  }

  private static long peak(String... arguments) throws IOException, InterruptedException {
    var command =
        new ArrayList<String>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                classPath(),
                LoraMemoryTest.class.getName()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return Long.parseLong(out.strip().split(" ")[0]);
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /**
   * Prints a process's peak in bytes.
   *
   * @param arguments full or lora, width, layers, rows, and tokens of a row
   */
  public static void main(String[] arguments) throws IOException {
    int width = Integer.parseInt(arguments[1]);
    int layers = Integer.parseInt(arguments[2]);
    int rows = Integer.parseInt(arguments[3]);
    int length = Integer.parseInt(arguments[4]);
    var config =
        new ModelConfig(
            Architecture.CAUSAL_LM,
            4096,
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
    try (Workers workers = TorchRuntime.configure(2)) {
      new CausalLm(Tiny.config(true), Precision.BF16, 1); // loads libtorch
      long before = kibibytes("VmRSS");
      boolean adapted = arguments[0].equals("lora");
      WeightSource weights = WeightSource.random(1);
      var lora = new LoraConfig(16, 32, LoraConfig.PROJECTIONS, 0);
      var model =
          new CausalLm(
              config,
              Precision.BF16,
              adapted ? WeightSource.adapted(weights, lora, weights) : weights);
      var trainer =
          new Trainer<>(
              model,
              new AdamW(model, AdamW.Options.of(0)),
              LearningRateSchedule.constant(1e-4),
              1,
              workers);
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

  private static PackedBatch batch(int rows, int length) {
    var documents = new ArrayList<TokenSequence>();
    for (int row = 0; row < rows; row++) {
      documents.add(
          TokenSequence.document(new SplittableRandom(row).ints(length, 6, 4096).toArray()));
    }
    return PackedBatch.pack(documents, length, LastToken.PREDICTED);
  }

  private static long kibibytes(String key) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(key + ":"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
