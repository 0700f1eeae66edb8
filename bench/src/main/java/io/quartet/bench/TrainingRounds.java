package io.quartet.bench;

import com.sun.management.OperatingSystemMXBean;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.model.AdamW;
import io.quartet.model.CausalLm;
import io.quartet.model.CrossEntropyLoss;
import io.quartet.model.GemmRoof;
import io.quartet.model.LearningRateSchedule;
import io.quartet.model.PackedBatch;
import io.quartet.model.Precision;
import io.quartet.model.StepMetrics;
import io.quartet.model.TokenSequence;
import io.quartet.model.TorchRuntime;
import io.quartet.model.Trainer;
import io.quartet.model.Workers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Quartet's side of {@link SideBySide}: trains on random tokens, one round for each line that it
 * reads, and prints a {@link Round} after each.
 */
public final class TrainingRounds {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final PackedBatch batch;
  private final Trainer<CausalLm> trainer;
  private final Workers workers;
  private final int steps;

  private TrainingRounds(ModelConfig config, Precision precision, int rows, int steps) {
    this.workers = TorchRuntime.configure(Round.THREADS);
    this.steps = steps;
    this.batch = batch(config, rows);
    var model = new CausalLm(config, precision, 1);
    this.trainer =
        new Trainer<>(
            model,
            new AdamW(model, AdamW.Options.of(0.1)),
            LearningRateSchedule.constant(1e-3),
            1,
            workers);
  }

  /** One document as long as the context in every row. */
  private static PackedBatch batch(ModelConfig config, int rows) {
    var random = new SplittableRandom(1);
    int length = config.contextLength();
    List<TokenSequence> documents =
        Stream.generate(() -> random.ints(length + 1, 6, config.vocabularySize()).toArray())
            .limit(rows)
            .map(TokenSequence::document)
            .toList();
    return PackedBatch.pack(documents, length, PackedBatch.LastToken.PREDICTED);
  }

  private Round round() {
    double roof = GemmRoof.measure(trainer.model().precision(), workers);
    long cpu = SYSTEM.getProcessCpuTime();
    var done = new ArrayList<StepMetrics>();
    for (int i = 0; i < steps; i++) {
      var loss = new CrossEntropyLoss(batch.targetWeight());
      done.add(trainer.step(batch.split(workers.count()), loss::of));
    }
    double cpuSeconds = (SYSTEM.getProcessCpuTime() - cpu) / 1e9;
    double[] rates = done.stream().mapToDouble(StepMetrics::tokensPerSecond).sorted().toArray();
    double tokens = done.stream().mapToLong(StepMetrics::tokens).sum();
    double flops = done.stream().mapToDouble(StepMetrics::flops).sum();
    return new Round(
        rates[rates.length / 2],
        tokens / cpuSeconds,
        flops / tokens,
        roof,
        done.get(done.size() - 1).loss());
  }

  /**
   * Runs rounds until its input ends.
   *
   * @param arguments the shape's config.json, {@code fp32} or {@code bf16}, rows of a batch, steps
   *     of a round
   */
  public static void main(String[] arguments) throws IOException {
    var rounds =
        new TrainingRounds(
            ModelConfig.read(Path.of(arguments[0])),
            Precision.valueOf(arguments[1].toUpperCase(Locale.ROOT)),
            Integer.parseInt(arguments[2]),
            Integer.parseInt(arguments[3]));
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    while (lines.readLine() != null) {
      System.out.println(rounds.round());
    }
  }
}
