package io.quartet.model;

import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** Next-token training of a language model on epochs of sequences, resumable at every snapshot. */
public final class LanguageModelTraining {
  /**
   * The shape of a step.
   *
   * @param rows B
   * @param length T
   * @param snapshotEvery steps between snapshots
   */
  public record Batches(int rows, int length, int snapshotEvery) {}

  private final Trainer<CausalLm> trainer;
  private final Workers workers;
  private final Batches batches;
  private final TrainingLoop loop;
  private final BatchSampler data;

  /**
   * Goes on from the snapshot in a folder, if there is one.
   *
   * @param epochs see {@link BatchSampler}
   * @param snapshots the folder
   */
  public LanguageModelTraining(
      Trainer<CausalLm> trainer,
      Workers workers,
      Batches batches,
      IntFunction<Iterator<TokenSequence>> epochs,
      Path snapshots) {
    this.trainer = trainer;
    this.workers = workers;
    this.batches = batches;
    this.loop = new TrainingLoop(trainer, snapshots, batches.snapshotEvery());
    this.data = new BatchSampler(epochs, batches.rows(), batches.length()).skipTo(loop.step());
  }

  /** See {@link TrainingLoop#run}. */
  public void run(long steps, BooleanSupplier snapshotNow, Consumer<StepMetrics> stepped) {
    loop.run(steps, this::step, snapshotNow, stepped);
  }

  /** The steps' totals. */
  public TrainingLoop loop() {
    return loop;
  }

  private StepMetrics step() {
    PackedBatch batch = data.next();
    var loss = new CrossEntropyLoss(batch.targetWeight());
    return trainer.step(batch.split(workers.count()), loss::of);
  }

  /**
   * A loss without training on it.
   *
   * @param nats the sum over all targets
   * @param targets how many tokens were predicted
   */
  public record Measured(double nats, double targets) {
    /** The mean, in nats a token. */
    public double mean() {
      return nats / targets;
    }
  }

  /** The loss of a finite stream of sequences. */
  public Measured measure(Iterator<TokenSequence> sequences) {
    var packer = new SequencePacker(sequences, batches.rows(), batches.length());
    var sum = new CrossEntropyLoss(1);
    double nats = 0;
    double targets = 0;
    while (packer.hasNext()) {
      PackedBatch batch = packer.next();
      List<PackedBatch> parts = batch.split(workers.count());
      nats += trainer.evaluate(parts, sum::of);
      targets += batch.targetWeight();
    }
    return new Measured(nats, targets);
  }
}
