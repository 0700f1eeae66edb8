package io.quartet.model;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/** Next-token training of a language model on epochs of sequences, resumable at every snapshot. */
public final class LanguageModelTraining {
  /**
   * The shape of a step.
   *
   * @param rows B
   * @param length T
   * @param zLoss see {@link CrossEntropyLoss}
   */
  public record Batches(int rows, int length, double zLoss) {}

  /**
   * What training is measured on, after each snapshot and at the end.
   *
   * @param heldOut finite sequences, the same at every call
   * @param keepBest whether training ends with the weights of the lowest loss on them rather than
   *     with the last
   */
  public record Validation(Supplier<Iterator<TokenSequence>> heldOut, boolean keepBest) {}

  private static final String BEST = "best.safetensors";
  private static final String BEST_LOSS = "best_validation_loss";
  private static final String BEST_STEP = "best_step";

  private final Trainer<CausalLm> trainer;
  private final Workers workers;
  private final Batches batches;
  private final Validation validation;
  private final Snapshots snapshots;
  private final TrainingLoop loop;
  private final BatchSampler data;
  private OptionalDouble validationLoss = OptionalDouble.empty();
  private boolean holdsBest;

  /**
   * Goes on from the snapshot in a folder, if there is one.
   *
   * @param epochs see {@link BatchSampler}
   */
  public LanguageModelTraining(
      Trainer<CausalLm> trainer,
      Workers workers,
      Batches batches,
      IntFunction<Iterator<TokenSequence>> epochs,
      Validation validation,
      Snapshots snapshots) {
    this.trainer = trainer;
    this.workers = workers;
    this.batches = batches;
    this.validation = validation;
    this.snapshots = snapshots;
    this.loop = new TrainingLoop(trainer, snapshots);
    this.data = new BatchSampler(epochs, batches.rows(), batches.length()).skipTo(loop.step());
  }

  /**
   * Trains, see {@link TrainingLoop#run}, and measures the validation loss after the snapshot of
   * every so many steps and of the last one. Ends with the best weights if they are wanted.
   */
  public void run(long steps, BooleanSupplier snapshotNow, Consumer<StepMetrics> stepped) {
    // A snapshot is from before its step's look, which is taken again when one is resumed.
    look(loop.step(), steps);
    loop.run(
        steps,
        this::step,
        snapshotNow,
        metrics -> {
          look(metrics.step(), steps);
          stepped.accept(metrics);
        });
    if (validation.keepBest()) {
      takeBest();
    }
  }

  /** The validation loss of the last look, in nats a token; once trained, of what is saved. */
  public OptionalDouble validationLoss() {
    return validationLoss;
  }

  /** The step whose weights are saved, once trained; the last, or the best. */
  public long savedStep() {
    return holdsBest ? loop.noted(BEST_STEP).map(Long::parseLong).orElseThrow() : loop.step();
  }

  private void look(long step, long steps) {
    if (step == 0 || (step % snapshots.every() != 0 && step != steps)) {
      return;
    }
    double loss = measure(validation.heldOut().get()).mean();
    validationLoss = OptionalDouble.of(loss);
    double best = loop.noted(BEST_LOSS).map(Double::parseDouble).orElse(Double.POSITIVE_INFINITY);
    if (validation.keepBest() && loss < best) {
      loop.note(BEST_LOSS, Double.toString(loss));
      loop.note(BEST_STEP, Long.toString(step));
      if (trainer.group().leads()) {
        trainer.averaged(
            () -> {
              ModelWeights.saveTrained(trainer.model(), best());
              return loss;
            });
      }
    }
  }

  /** Puts the best weights in the place of the last, in every process. */
  private void takeBest() {
    Optional<String> loss = loop.noted(BEST_LOSS);
    if (loss.isEmpty()) {
      return;
    }
    if (trainer.group().leads()) {
      ModelWeights.loadTrained(trainer.model(), best());
    }
    trainer.group().copyFromLeader(List.copyOf(trainer.model().trainedWeights().values()));
    holdsBest = true;
    validationLoss = OptionalDouble.of(Double.parseDouble(loss.get()));
  }

  private Path best() {
    return snapshots.folder().resolve(BEST);
  }

  /** Reads the weights to be saved: averages, unless the best ones are already in place. */
  private <T> T reading(Supplier<T> reader) {
    return holdsBest ? reader.get() : trainer.averaged(reader);
  }

  /** The steps' totals. */
  public TrainingLoop loop() {
    return loop;
  }

  /** Writes the model's weights, the averaged ones if there are any. */
  public void save(Path weights) {
    reading(
        () -> {
          ModelWeights.save(trainer.model(), weights);
          return weights;
        });
  }

  /** Writes the model's adapter, the averaged one if there is one; see {@link AdapterWeights}. */
  public void saveAdapter(Adapter adapter, Path directory) {
    reading(
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
    return reading(() -> measured(sequences));
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
