package io.quartet.model;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Path;
import java.util.Arrays;
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
   * @param zLoss see {@link CrossEntropyLoss}
   * @param snapshotEvery steps between snapshots
   */
  public record Batches(int rows, int length, double zLoss, int snapshotEvery) {}

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

  /** Writes the model's weights, the averaged ones if there are any. */
  public void save(Path weights) {
    trainer.averaged(
        () -> {
          ModelWeights.save(trainer.model(), weights);
          return weights;
        });
  }

  /** Writes the model's adapter, the averaged one if there is one; see {@link AdapterWeights}. */
  public void saveAdapter(Adapter adapter, Path directory) {
    trainer.averaged(
        () -> {
          AdapterWeights.save(trainer.model(), adapter, directory);
          return directory;
        });
  }

  private StepMetrics step() {
    PackedBatch batch = data.next();
    requireSame(batch);
    var loss = new CrossEntropyLoss(batch.targetWeight(), batches.zLoss());
    return trainer.step(parts(batch), loss::of);
  }

  /** This process's rows of a batch, a part for each worker. */
  private List<PackedBatch> parts(PackedBatch batch) {
    List<PackedBatch> shares = batch.split(trainer.group().size());
    int rank = trainer.group().rank();
    return rank < shares.size() ? shares.get(rank).split(workers.count()) : List.of();
  }

  /** Rows are divided by their number, so every process must have drawn the same ones. */
  private void requireSame(PackedBatch batch) {
    ReplicaGroup group = trainer.group();
    double hash = Arrays.deepHashCode(batch.tokens());
    if (group.sum(hash)[0] != hash * group.size()) { // whole numbers far below 2^53: exact
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "step %d: the %d replicas have drawn different batches; do they read the same files?"
              .formatted(loop.step() + 1, group.size()));
    }
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

  /**
   * The loss of a finite stream of sequences, of which each process computes its share, by the
   * averaged weights if there are any.
   */
  public Measured measure(Iterator<TokenSequence> sequences) {
    return trainer.averaged(() -> measured(sequences));
  }

  private Measured measured(Iterator<TokenSequence> sequences) {
    var packer = new SequencePacker(sequences, batches.rows(), batches.length());
    var sum = new CrossEntropyLoss(1);
    double nats = 0;
    double targets = 0;
    while (packer.hasNext()) {
      PackedBatch batch = packer.next();
      nats += trainer.evaluate(parts(batch), sum::of);
      targets += batch.targetWeight();
    }
    return new Measured(nats, targets);
  }
}
